#include "mailgw/early_digest.h"

#include <filesystem>
#include <fstream>
#include <thread>

#include <doctest/doctest.h>

#include "mailgw/message_scan.h"
#include "src/base/base64_encoder.h"
#include "tests/support/crlf.h"
#include "tests/support/memory_file.h"

using namespace satchel;
using namespace satchel::mailgw;

namespace {

DetachPolicy const everything{1, {}};

/// Digested while another thread writes the file, `step` bytes at a time.
EarlyDigest digest_growing(std::string const& message, std::size_t step) {
    UniqueFd const file = testing::memory_file();
    GrowingFile growing(file.duplicate().value());
    std::thread writer([&] {
        for (std::size_t at = 0; at < message.size(); at += step) {
            auto const piece = std::string_view(message).substr(at, step);
            if (!write_all(file.get(), bytes_of(piece))) std::abort();
            growing.grown_to(at + piece.size());
        }
        growing.complete();
    });
    auto digest = digest_early(growing);
    writer.join();
    return std::move(digest.value());
}

std::string base64_lines(std::size_t octets, std::size_t line) {
    Bytes content(octets);
    for (std::size_t i = 0; i < octets; ++i)
        content[i] = static_cast<Byte>(i * 7 + i / 1000);
    Base64Encoder encoder(line, "\r\n");
    std::string out;
    encoder.encode(content, out);
    encoder.finish(out);
    return out;
}

std::string part_with(std::string const& body, std::string const& encoding = "base64",
                      std::string const& type = "application/octet-stream; name=a.bin") {
    return "--b\r\nContent-Type: " + type + "\r\nContent-Transfer-Encoding: " + encoding +
           "\r\n\r\n" + body + "\r\n";
}

std::string message_with(std::string const& parts) {
    return "From: alice@a.test\r\nTo: bob@b.test\r\nContent-Type: multipart/mixed; "
           "boundary=\"b\"\r\n\r\npreamble\r\n--b\r\n\r\ntext\r\n" +
           parts + "--b--\r\nepilogue\r\n";
}

/// All that a scan tells, for comparison.
std::string told(ScannedMessage const& scanned) {
    std::string out;
    for (DetachablePart const& part : scanned.parts) {
        out += std::to_string(part.begin) + ' ' + std::to_string(part.body_begin) + ' ' +
               std::to_string(part.end) + ' ' + std::to_string(part.source_begin) + ' ' +
               std::to_string(part.source_end) + ' ' + std::to_string(part.label.bytes) + ' ' +
               std::string(text_of(part.restore)) + '\n';
    }
    for (KeptPart const& part : scanned.kept)
        out += part.type + ": " + part.reason + '\n';
    return out;
}

/// Whether what was read early spares the scan reading candidates again.
bool spares_reading(EarlyDigest const& early, ScannedMessage const& scanned) {
    std::vector<Candidate> candidates;
    for (DetachablePart const& part : scanned.parts) {
        bool const base64 = part.label.encoding.empty() || part.label.encoding == "base64";
        candidates.push_back({{part.begin, part.body_begin, part.end}, base64, false});
    }
    return early.digest_of(candidates).has_value();
}

}  // namespace

TEST_CASE("early_digest: a scan finds the same, however the message grew") {
    std::string const large = base64_lines(700'000, 76);
    std::string damaged = large;
    damaged[600'000] = '-';
    std::string const shifted = base64_lines(90'000, 76) + "\r\n" + base64_lines(90'000, 60);

    struct Row {
        std::string why;
        std::string message;
        bool spares;
    };

    for (Row const& row : {
             Row{"no part", "Subject: x\r\n\r\ntext\r\n", true},
             Row{"one large part", message_with(part_with(large)), true},
             Row{"lead and trailer",
                 message_with(part_with("\r\n \r\n" + large + "\r\n\t\r\n\r\n")), true},
             Row{"several",
                 message_with(part_with(large) + part_with(base64_lines(10, 76)) +
                              part_with(base64_lines(300'000, 0))),
                 true},
             Row{"an empty one", message_with(part_with("") + part_with(large)), true},
             Row{"a foreign character", message_with(part_with(damaged)), true},
             Row{"another line length in the middle", message_with(part_with(shifted)), true},
             Row{"more white space than a trailer has",
                 message_with(part_with(large + std::string(150'000, '\n'))), false},
             Row{"nothing but white space at first",
                 message_with(part_with(std::string(100'000, ' ') + large)), true},
             Row{"a first line longer than what is waited for",
                 message_with(part_with(base64_lines(600'000, 400'000))), false},
             Row{"plain text", message_with(part_with("--a\r\n--\r\ntext", "8bit")), true},
             Row{"an encoding that readers may differ on",
                 message_with(part_with(large, "base64 (or so)")), false},
             Row{"two encodings",
                 message_with(part_with(large, "7bit\r\nContent-Transfer-Encoding: base64")),
                 false},
             Row{"text that is looked through for armor",
                 message_with(part_with(large, "base64", "text/csv; name=a.csv")), true},
             Row{"no closing boundary", message_with(part_with(large)).substr(0, 900'000), true},
             Row{"a boundary in the middle", message_with(part_with(large + "\r\n--b")), true},
             Row{"too much structure", message_with("--b\r\nX: " + std::string(5'000'000, 'x')),
                 true},
         }) {
        CAPTURE(row.why);
        UniqueFd const file = testing::memory_file(row.message);
        auto const scanned = scan_message(file.get(), everything).value();
        for (std::size_t const step :
             {std::size_t{997}, std::size_t{100'000}, row.message.size()}) {
            CAPTURE(step);
            auto const early = digest_growing(row.message, step);
            CHECK(told(scan_message(file.get(), everything, &early).value()) == told(scanned));
            CHECK(spares_reading(early, scanned) == row.spares);
        }
    }
}

TEST_CASE("early_digest: the messages of tests/messages are scanned the same") {
    for (auto const& entry : std::filesystem::directory_iterator(SATCHEL_MESSAGES)) {
        if (entry.path().extension() != ".eml") continue;
        CAPTURE(entry.path());
        std::ifstream in(entry.path(), std::ios::binary);
        std::string const text{std::istreambuf_iterator<char>(in), {}};
        std::string const message = testing::with_crlf(text);
        UniqueFd const file = testing::memory_file(message);
        auto const early = digest_growing(message, 100);
        CHECK(told(scan_message(file.get(), everything, &early).value()) ==
              told(scan_message(file.get(), everything).value()));
    }
}

TEST_CASE("early_digest: a message that does not come to its end") {
    UniqueFd const file = testing::memory_file(message_with(part_with(base64_lines(9, 76))));
    GrowingFile growing(file.duplicate().value());
    growing.grown_to(10);
    std::thread writer([&] { growing.abandon(); });
    auto const digest = digest_early(growing);
    writer.join();
    REQUIRE_FALSE(digest);
    CHECK(digest.error().fault == Fault::unavailable);
}
