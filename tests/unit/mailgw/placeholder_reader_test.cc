#include "mailgw/placeholder_reader.h"

#include <doctest/doctest.h>

#include "mailgw/detacher.h"
#include "src/base/base64_encoder.h"
#include "src/base/hex.h"
#include "tests/support/crlf.h"
#include "tests/support/memory_file.h"

using namespace satchel;
using namespace satchel::mailgw;

namespace {

std::string const id_a(64, 'a');
std::string const id_b(64, 'b');
std::string const part_id(32, '1');

std::vector<FoundPlaceholder> read(std::string const& message) {
    UniqueFd const file = testing::memory_file(message);
    return read_placeholders(file.get()).value();
}

std::string field(std::string const& id, std::string const& grant = "Z3JhbnQ=") {
    return "X-Satchel-Part: v=1; id=" + id + "; size=70016; part=" + part_id + "; grant=" + grant +
           "; restore=YWdl";
}

std::string reference(std::string const& id) {
    return "satchel:1:" + id + ":70016";
}

/// One text part with this header and body in a multipart.
std::string message_with(std::string const& header, std::string const& body) {
    return testing::with_crlf(
        "From: a@a.test\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\n"
        "--b\n" +
        header + "\n\n" + body + "\n--b--\n");
}

std::string in_base64(std::string_view text) {
    std::string base64;
    Base64Encoder encoder(76);
    encoder.encode(bytes_of(text), base64);
    encoder.finish(base64);
    return base64;
}

}  // namespace

TEST_CASE("placeholder_reader: finds what the detacher writes, with its name") {
    for (std::string const name : {"wedding.mov", "Grüße.mov", "a (1) b.mov"}) {
        DetachablePart part;
        part.label.name = name;
        part.label.type = "video/quicktime";
        part.label.bytes = 70'000;
        Placeholder placeholder;
        placeholder.content_id.bytes.fill(0x5a);
        placeholder.blob_bytes = 70'016;
        placeholder.grant = Bytes(4'096, 1);
        placeholder.sealed_restore = Bytes(8'192, 2);
        placeholder.part_id.fill(3);
        std::string const text = placeholder_text(part, placeholder);
        for (std::string const& message :
             {"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + text + "\r\n--b--\r\n",
              text}) {
            auto const found = read(message);
            REQUIRE(found.size() == 1);
            CHECK(found[0].reference == Reference{placeholder.content_id, 70'016});
            CHECK(found[0].grant == placeholder.grant);
            CHECK(found[0].sealed_restore == placeholder.sealed_restore);
            CHECK(found[0].part_id == to_hex(placeholder.part_id));
            CHECK(found[0].name == name);
        }
    }
}

TEST_CASE("placeholder_reader: references in texts") {
    std::string const line =
        "> Attachment: wedding.mov (2.1 GB, video/quicktime)\n> Reference: " + reference(id_a);
    std::string utf16 = "\xff\xfe";
    for (char letter : line)
        utf16 += {letter, '\0'};
    std::string const qp_split =
        "Reference: satchel:1:" + id_a.substr(0, 40) + "=\n" + id_a.substr(40) + ":70016";

    struct Row {
        std::string why;
        std::string header;
        std::string body;
        std::size_t count;
    };

    for (Row const& row : {
             Row{"plain", "Content-Type: text/plain", line, 1},
             Row{"no type", "X-Nothing: here", line, 1},
             Row{"HTML", "Content-Type: text/html", "<p>" + reference(id_a) + "<br>", 1},
             Row{"quoted-printable, broken softly",
                 "Content-Type: text/plain\nContent-Transfer-Encoding: Quoted-Printable", qp_split,
                 1},
             Row{"base64", "Content-Type: text/plain\nContent-Transfer-Encoding: base64",
                 in_base64(line), 1},
             Row{"UTF-16",
                 "Content-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: base64",
                 in_base64(utf16), 1},
             Row{"two on a line", "X: y", reference(id_a) + " " + reference(id_b), 2},
             Row{"the same twice", "X: y", reference(id_a) + "\n" + reference(id_a), 1},
             Row{"at the end of a very long line", "X: y",
                 std::string(8'150, 'x') + " " + reference(id_a) + std::string(9'000, ' '), 1},
             Row{"after a signature's dashes", "Content-Type: text/plain", "-- \n" + line, 1},
             Row{"not text", "Content-Type: application/pdf", line, 0},
             Row{"broken over lines", "X: y", qp_split, 0},
             Row{"unknown version", "X: y", "satchel:2:" + id_a + ":1", 0},
             Row{"part of a word", "X: y", "x" + reference(id_a), 0},
         }) {
        CAPTURE(row.why);
        auto const found = read(message_with(row.header, row.body));
        CHECK(found.size() == row.count);
        for (FoundPlaceholder const& placeholder : found) {
            CHECK_FALSE(placeholder.grant);
            CHECK(placeholder.part_id.empty());
        }
    }
    CHECK(read(message_with("X: y", line)).at(0).name == "wedding.mov");
}

TEST_CASE("placeholder_reader: a field outranks the reference of the same id, whichever is first") {
    std::string const message =
        message_with("X: y", reference(id_a) + "\n--b\n" + field(id_a) + "\n\n" + reference(id_a));
    auto const found = read(message);
    REQUIRE(found.size() == 1);
    CHECK(found[0].grant);
    CHECK(found[0].part_id == part_id);
}

TEST_CASE("placeholder_reader: fields count in headers only, forwarded ones too") {
    CHECK(read(message_with("X: y", field(id_a))).empty());
    CHECK(read(message_with("Content-Type: message/rfc822",
                            "Subject: old\nContent-Type: multipart/mixed; boundary=c\n\n--c\n" +
                                field(id_a) + "\n\nx\n--c--"))
              .size() == 1);
    CHECK(read(message_with("x-satchel-part:v=1;id=" + id_a + ";\n\tsize=1;part=" + part_id, "x"))
              .size() == 1);
    // The boundary is declared in a way that is not read: every "--" line may be one.
    CHECK(read(testing::with_crlf("Content-Type: multipart/mixed; boundary*=us-ascii''b\n\n--b\n" +
                                  field(id_a) + "\n\nx\n--b--\n"))
              .size() == 1);
}

TEST_CASE("placeholder_reader: fields that are not taken") {
    struct Row {
        std::string why;
        std::string value;
    };

    std::string const good = "v=1; id=" + id_a + "; size=1; part=" + part_id;
    CHECK(parse_placeholder_field(good));
    CHECK(parse_placeholder_field(good + "; layer=2; grant=; restore="));
    CHECK(parse_placeholder_field(good)->layer == 1);
    CHECK(parse_placeholder_field(good + "; layer=2")->layer == 2);
    CHECK(parse_placeholder_field("v = 1 ;id= " + id_a + " ; si ze=1; part=" + part_id + ";"));
    for (Row const& row : {
             Row{"empty", ""},
             Row{"no version", good.substr(5)},
             Row{"another version", "v=2" + good.substr(3)},
             Row{"no id", "v=1; size=1; part=" + part_id},
             Row{"short id", "v=1; id=" + id_a.substr(1) + "; size=1; part=" + part_id},
             Row{"upper-case id", "v=1; id=" + std::string(64, 'A') + "; size=1; part=" + part_id},
             Row{"no size", "v=1; id=" + id_a + "; part=" + part_id},
             Row{"size not a number", "v=1; id=" + id_a + "; size=1x; part=" + part_id},
             Row{"size too large",
                 "v=1; id=" + id_a + "; size=99999999999999999999; part=" + part_id},
             Row{"no part", "v=1; id=" + id_a + "; size=1"},
             Row{"part not hex", "v=1; id=" + id_a + "; size=1; part=" + std::string(32, 'x')},
             Row{"key twice", good + "; size=2"},
             Row{"key without value", good + "; grant"},
             Row{"grant not base64", good + "; grant=!!!!"},
             Row{"grant too large", good + "; grant=" + std::string(5'464, 'A')},
             Row{"restore too large", good + "; restore=" + std::string(10'928, 'A')},
             Row{"layer not a number", good + "; layer=x"},
             Row{"layer none", good + "; layer=0"},
             Row{"layer too high", good + "; layer=17"},
             Row{"far too long", good + std::string(40'000, ' ')},
         }) {
        CAPTURE(row.why);
        CHECK_FALSE(parse_placeholder_field(row.value));
    }
}

TEST_CASE("placeholder_reader: where the parts lie") {
    for (bool const lf : {false, true}) {
        std::string text = message_with(field(id_a), "one") + "--b\r\nsame id\r\n--b--\r\n";
        text += "--b\r\n" + field(id_b) + "\r\n\r\nAttachment: b.mov (1 GB, x)\r\n" +
                reference(id_b) + "\r\n--b--\r\n";
        if (lf) std::erase(text, '\r');
        UniqueFd const file = testing::memory_file(text);
        auto const parts = find_placeholder_parts(file.get()).value();
        REQUIRE(parts.size() == 2);
        std::string const eol = lf ? "\n" : "\r\n";
        CHECK(text.substr(parts[0].begin, parts[0].end - parts[0].begin) ==
              field(id_a) + eol + eol + "one");
        CHECK(text.substr(parts[1].begin, 14) == "X-Satchel-Part");
        CHECK(text.substr(parts[1].end, 8).starts_with(eol + "--b--"));
        CHECK(parts[1].found.name == "b.mov");
        CHECK(parts[1].trouble.empty());
    }
}

TEST_CASE("placeholder_reader: bounded, whatever the file") {
    std::string many;
    for (int i = 0; i < 1'200; ++i) {
        std::string id(64, '0');
        std::string const number = std::to_string(i);
        id.replace(0, number.size(), number);
        id[10] = 'f';
        many += reference(id) + "\n";
    }
    CHECK(read(message_with("X: y", many)).size() == placeholders_max);
    CHECK(read("").empty());
    CHECK(read(std::string(3'000'000, 'x')).empty());
    CHECK(read("X-Satchel-Part: " + std::string(3'000'000, 'x')).empty());
    CHECK(read(std::string(100'000, '\n')).empty());
}
