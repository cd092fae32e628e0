#include <doctest/doctest.h>

#include "mailgw/detacher.h"
#include "mailgw/header_writer.h"
#include "mailgw/mail_text.h"
#include "mailgw/quoted_printable.h"
#include "tests/support/memory_file.h"

using namespace satchel;
using namespace satchel::mailgw;

namespace {

DetachablePart film() {
    DetachablePart part;
    part.label.name = "wedding.mov";
    part.label.type = "video/quicktime";
    part.label.bytes = 2'100'000'000;
    return part;
}

Placeholder example() {
    Placeholder placeholder;
    placeholder.content_id.bytes.fill(0xab);
    placeholder.blob_bytes = 2'100'512'016;
    placeholder.grant = {'g', 'r', 'a', 'n', 't'};
    placeholder.sealed_restore = {'a', 'g', 'e'};
    placeholder.part_id.fill(0xcd);
    placeholder.sender = "alice@example.net";
    placeholder.page = "https://box.example.org/satchel";
    return placeholder;
}

DetachablePart named(std::string name) {
    DetachablePart part = film();
    part.label.name = std::move(name);
    return part;
}

/// Lines of the header block, without CRLF.
std::vector<std::string> header_lines(std::string const& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; text.compare(at, 2, "\r\n") != 0;) {
        std::size_t const end = text.find("\r\n", at);
        lines.push_back(text.substr(at, end - at));
        at = end + 2;
    }
    return lines;
}

std::string body(std::string const& text) {
    return text.substr(text.find("\r\n\r\n") + 4);
}

}  // namespace

TEST_CASE("placeholder: exactly as the contract writes it") {
    std::string const id = "abababababababababababababababababababababababababababababababab";
    CHECK(placeholder_text(film(), example()) ==
          "Content-Type: text/plain; charset=utf-8; name=\"wedding.mov.txt\"\r\n"
          "Content-Transfer-Encoding: 7bit\r\n"
          "Content-Disposition: inline; filename=\"wedding.mov.txt\"\r\n"
          "Content-Description: Attachment wedding.mov, 2.1 GB (Satchel)\r\n"
          "X-Satchel-Part: v=1;\r\n"
          " id=" +
              id +
              ";\r\n"
              " size=2100512016; part=cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd; grant=Z3JhbnQ=;\r\n"
              " restore=YWdl\r\n"
              "\r\n"
              "Attachment: wedding.mov (2.1 GB, video/quicktime)\r\n"
              "From alice@example.net, kept in your own storage.\r\n"
              "Open it: satchel get " +
              id +
              "\r\n"
              "or: https://box.example.org/satchel/a/" +
              id +
              "\r\n"
              "If this was forwarded to you, the file is not here: ask the sender.\r\n"
              "Reference: satchel:1:" +
              id + ":2100512016");
}

TEST_CASE("placeholder: sizes as people say them") {
    struct Row {
        std::uint64_t bytes;
        std::string text;
    };

    for (Row const& row :
         {Row{0, "0 bytes"}, Row{1, "1 byte"}, Row{999, "999 bytes"}, Row{1'000, "1 KB"},
          Row{1'049, "1 KB"}, Row{1'050, "1.1 KB"}, Row{70'000, "70 KB"}, Row{99'949, "99.9 KB"},
          Row{123'456, "123 KB"}, Row{999'949, "999 KB"}, Row{999'999, "1 MB"},
          Row{3'141'592, "3.1 MB"}, Row{2'100'000'000, "2.1 GB"}, Row{UINT64_MAX, "18.4 EB"}}) {
        CAPTURE(row.bytes);
        DetachablePart part = film();
        part.label.bytes = row.bytes;
        CHECK(body(placeholder_text(part, example())).find("(" + std::string(row.text) + ", ") !=
              std::string::npos);
    }
}

TEST_CASE("placeholder: the page and the sender are shown only if they are fit to be") {
    Placeholder placeholder = example();
    for (std::string const page :
         {"", "http://plain.test", "https://a.test/ b", "https://a.test/\r\nBcc: x",
          "javascript:alert(1)",
          "https://a.test/0123456789012345678901234567890123456789012345678901234567890"}) {
        CAPTURE(page);
        placeholder.page = page;
        CHECK(placeholder_text(film(), placeholder).find("\r\nor: ") == std::string::npos);
    }
    placeholder.page = "https://a.test//";
    CHECK(placeholder_text(film(), placeholder).find("\r\nor: https://a.test/a/ab") !=
          std::string::npos);
    placeholder.sender = "";
    CHECK(placeholder_text(film(), placeholder).find("\r\nFrom an unverified sender, kept") !=
          std::string::npos);
    placeholder.sender = "a@a.test\r\nX-Evil: 1";
    CHECK(placeholder_text(film(), placeholder).find("\r\nX-Evil") == std::string::npos);
}

TEST_CASE("placeholder: no name breaks the header or the text") {
    std::string const sneaky = "\r\nX-Mozilla-External-Attachment-URL: http://evil.test/";
    std::string const snowmen = [] {
        std::string text;
        for (int i = 0; i < 60; ++i)
            text += "☃";
        return text + ".mov";
    }();
    for (std::string const& name :
         {std::string(), std::string("a\"b\\c;d.mov"), "x" + sneaky,
          std::string("tab\there\x7f.mov"), std::string("Grüße.mov"), snowmen,
          std::string(190, 'n') + ".mov", std::string("\xff\xfe.mov"),
          std::string("=?utf-8?q?trap?=.mov"), std::string("a  b.mov"), std::string(3'000, '/'),
          std::string("-----BEGIN PGP MESSAGE-----")}) {
        CAPTURE(name);
        DetachablePart part = named(name);
        part.label.type = "video/x" + sneaky;
        std::string const text = placeholder_text(part, example());
        bool const ascii = is_ascii(safe_file_name(name));
        auto const lines = header_lines(text);
        REQUIRE(lines.size() >= 5);
        for (std::string const& line : lines) {
            CAPTURE(line);
            CHECK(line.size() <= 76);
            CHECK(is_ascii(line));
            bool const starts_as_expected = line.starts_with(" ") || line.starts_with("Content-") ||
                                            line.starts_with("X-Satchel-Part: v=1;");
            CHECK(starts_as_expected);
        }
        CHECK(lines[0].starts_with("Content-Type: text/plain; charset=utf-8;"));
        CHECK((text.find("Content-Transfer-Encoding: 7bit\r\n") != std::string::npos) == ascii);
        CHECK(is_ascii(text));
        CHECK(text.find("\r\nX-Moz") == std::string::npos);
        CHECK(text.find("\n--") == std::string::npos);
    }
}

TEST_CASE("placeholder: other alphabets are encoded as the standards say") {
    std::string const text = placeholder_text(named("Grüße.mov"), example());
    CHECK(text.find("name*=utf-8''Gr%C3%BC%C3%9Fe.mov.txt\r\n") != std::string::npos);
    CHECK(text.find("filename*=utf-8''Gr%C3%BC%C3%9Fe.mov.txt\r\n") != std::string::npos);
    CHECK(text.find("Content-Transfer-Encoding: quoted-printable\r\n") != std::string::npos);
    CHECK(text.find("Content-Description: =?utf-8?B?") != std::string::npos);
    CHECK(body(text).starts_with("Attachment: Gr=C3=BC=C3=9Fe.mov (2.1 GB, video/quicktime)\r\n"));
}

TEST_CASE("header_writer: parameters") {
    CHECK(parameter_words("name", "a.b") == std::vector<std::string>{"name=\"a.b\""});
    CHECK(parameter_words("name", "a\"\\") == std::vector<std::string>{"name=\"a\\\"\\\\\""});
    CHECK(parameter_words("name", std::string(70, 'a')) ==
          std::vector<std::string>{"name*0=\"" + std::string(25, 'a') + "\";",
                                   "name*1=\"" + std::string(25, 'a') + "\";",
                                   "name*2=\"" + std::string(20, 'a') + "\""});
    std::string umlauts;
    for (int i = 0; i < 12; ++i)
        umlauts += "ä";
    // 50 characters hold eight pairs of escapes and the start of a ninth, which is not cut.
    CHECK(parameter_words("f", umlauts) ==
          std::vector<std::string>{"f*0*=utf-8''%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4;",
                                   "f*1*=%C3%A4%C3%A4%C3%A4%C3%A4"});
}

TEST_CASE("quoted_printable: lines of 76, and back") {
    for (std::string const& text :
         {std::string("plain"), std::string("a=b"), std::string("ends in space "),
          std::string(200, 'x'), std::string(75, 'x') + "ä", std::string(76, 'x'),
          std::string("two\r\nlines"), std::string("\r\n"), std::string("ä\r\n\r\nö")}) {
        CAPTURE(text);
        std::string const encoded = to_quoted_printable(text);
        std::string back;
        for (std::size_t at = 0; at <= encoded.size();) {
            std::size_t const end = std::min(encoded.find("\r\n", at), encoded.size());
            CHECK(end - at <= 76);
            bool soft = false;
            back += from_quoted_printable_line(encoded.substr(at, end - at), soft);
            if (!soft && end < encoded.size()) back += "\r\n";
            at = end + 2;
        }
        CHECK(back == text);
    }
}

TEST_CASE("detacher: refuses parts that are not the message's") {
    std::string const message = "0123456789";
    UniqueFd const in = testing::memory_file(message);

    struct Row {
        std::string why;
        std::vector<std::pair<std::uint64_t, std::uint64_t>> parts;
        std::size_t placeholders;
    };

    for (Row const& row :
         {Row{"too few placeholders", {{1, 2}}, 0}, Row{"too many", {}, 1},
          Row{"beyond the end", {{5, 11}}, 1}, Row{"backwards", {{5, 4}}, 1},
          Row{"overlapping", {{1, 5}, {4, 6}}, 2}, Row{"out of order", {{5, 6}, {1, 2}}, 2}}) {
        CAPTURE(row.why);
        ScannedMessage scanned;
        for (auto [begin, end] : row.parts) {
            scanned.parts.push_back(film());
            scanned.parts.back().begin = begin;
            scanned.parts.back().end = end;
        }
        UniqueFd const out = testing::memory_file();
        auto const status = write_detached(
            in.get(), scanned, std::vector<Placeholder>(row.placeholders, example()), out.get());
        REQUIRE_FALSE(status);
        CHECK(status.error().fault == Fault::usage);
    }
}

TEST_CASE("detacher: copies a message without parts as it is") {
    std::string const message(700'000, 'm');
    UniqueFd const in = testing::memory_file(message);
    UniqueFd const out = testing::memory_file();
    REQUIRE(write_detached(in.get(), {}, {}, out.get()));
    CHECK((testing::text_in(out) == message));
}
