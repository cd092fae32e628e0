#include "mailgw/file_gaps.h"

#include <doctest/doctest.h>

#include "mailgw/boundary_scan.h"
#include "mailgw/mime_outline.h"
#include "tests/support/memory_file.h"

using namespace satchel;
using namespace satchel::mailgw;

namespace {

/// About two megabytes of lines.
std::string large_content(char fill = 'A') {
    std::string lines;
    for (int i = 0; i < 30'000; ++i)
        lines += std::string(70, fill) + "\r\n";
    return lines;
}

std::string part(std::string const& type, std::string const& body) {
    return "--b\r\nContent-Type: " + type + "\r\nContent-ID: <one@x>\r\n\r\n" + body + "\r\n";
}

std::string message(std::string const& parts, std::string const& end = "--b--\r\n") {
    return "From: alice@a.test\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n" + parts +
           end;
}

std::string told(MessageOutline const& outline) {
    std::string out = outline.type + ' ' + outline.from + ' ' + outline.trouble + '\n';
    for (OutlinePart const& one : outline.parts) {
        out += one.type + ' ' + one.content_id + ' ' +
               std::to_string(one.header_begin.value_or(0)) + ' ' + std::to_string(one.body_begin) +
               ' ' + std::to_string(one.body_end) + '\n';
    }
    for (std::string const& used : outline.used_content_ids)
        out += used + '\n';
    return out;
}

}  // namespace

TEST_CASE("file_gaps: what is there, and where") {
    UniqueFd const file = testing::memory_file("0123456789");
    FileGaps gaps;
    CHECK(gaps.real(4) == 4);
    gaps.add({2, 4});
    gaps.add({5, 8});
    CHECK(gaps.bytes() == 5);
    std::uint64_t const places[] = {0, 1, 4, 8, 9, 10};
    for (std::uint64_t offset = 0; offset < std::size(places); ++offset)
        CHECK(gaps.real(offset) == places[offset]);
    std::string all;
    for (;;) {
        Bytes some(4);
        auto const got = gaps.read(file.get(), some, all.size()).value();
        if (got == 0) break;
        all += text_of(some).substr(0, got);
    }
    CHECK(all == "01489");
}

TEST_CASE("file_gaps: an outline is the same without the dull lines") {
    std::string const large = large_content();

    struct Row {
        std::string why;
        std::string message;
        std::size_t gaps;
    };

    for (Row const& row : {
             Row{"one large part", message(part("application/pdf", large)), 1},
             Row{"two of them, and one behind",
                 message(part("image/png", large) + part("video/mp4", large_content('B')) +
                         part("text/plain", "text")),
                 2},
             Row{"a line in it that looks like a boundary",
                 message(part("application/pdf", large + "--c\r\n" + large)), 2},
             Row{"a boundary in it", message(part("application/pdf", large + "--b\r\n" + large)),
                 1},
             Row{"without an end", message(part("application/pdf", large), ""), 1},
             Row{"a message in it",
                 message(part("message/rfc822", "Content-Type: image/png\r\n\r\n" + large)), 1},
             Row{"text", message(part("text/plain", large)), 0},
             Row{"two types", message(part("image/png\r\nContent-Type: text/html", large)), 0},
             Row{"no type", message("--b\r\n\r\n" + large + "\r\n"), 0},
             Row{"HTML that shows an image far below",
                 message(part("text/html", large + "<img src=\"cid:one@x\">\r\n" + large)), 0},
             Row{"XHTML",
                 message(
                     part("application/xhtml+xml", large + "<img src=\"cid:one@x\">\r\n" + large)),
                 0},
             Row{"one long line", message(part("image/png", std::string(3'000'000, 'A'))), 0},
             Row{"the message itself", "Content-Type: image/png\r\n\r\n" + large, 1},
         }) {
        CAPTURE(row.why);
        UniqueFd const file = testing::memory_file(row.message);
        auto const boundaries = scan_boundaries(file.get()).value();
        REQUIRE(boundaries.dull.all().size() == row.gaps);
        for (FileGap const& gap : boundaries.dull.all()) {
            CHECK(gap.end - gap.begin > dull_bytes_min);
            CHECK(row.message[gap.begin - 1] == '\n');
            CHECK(row.message[gap.end - 1] == '\n');
        }
        auto const whole = read_outline(file.get()).value();
        CHECK(told(read_outline(file.get(), boundaries.dull).value()) == told(whole));
    }
}
