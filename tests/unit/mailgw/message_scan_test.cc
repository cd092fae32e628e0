#include "mailgw/message_scan.h"

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>
#include <unistd.h>

#include "src/base/base64_encoder.h"
#include "src/base/sha256.h"
#include "tests/support/crlf.h"
#include "tests/support/memory_file.h"
#include "tests/support/part_restorer.h"

using namespace satchel;
using namespace satchel::mailgw;
using testing::round_trip;
using testing::with_crlf;

namespace {

DetachPolicy const everything{1, {}};

std::string read_message(std::string const& name) {
    std::ifstream in(std::string(SATCHEL_MESSAGES) + "/" + name, std::ios::binary);
    REQUIRE(in);
    std::string const text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    return with_crlf(text);
}

ScannedMessage scan(std::string const& message, DetachPolicy const& policy = everything) {
    UniqueFd const file = testing::memory_file(message);
    return scan_message(file.get(), policy).value();
}

std::string reasons(ScannedMessage const& scanned) {
    std::string out;
    for (KeptPart const& part : scanned.kept)
        out += part.type + ": " + part.reason + "\n";
    return out;
}

/// A text, and one part with this header and body; everything in CRLF as given.
std::string message_with(std::string const& part, std::string const& header = "") {
    return header +
           "From: alice@a.test\r\nTo: bob@b.test\r\nContent-Type: multipart/mixed; "
           "boundary=\"b\"\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n" +
           part + "\r\n--b--\r\n";
}

std::string const base64_header =
    "Content-Type: application/octet-stream; name=a.bin\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\n";

std::string encoded(std::size_t octets, std::size_t line, std::string_view eol) {
    Bytes content(octets);
    for (std::size_t i = 0; i < octets; ++i)
        content[i] = static_cast<Byte>(i * 7);
    Base64Encoder encoder(line, eol);
    std::string out;
    encoder.encode(content, out);
    encoder.finish(out);
    return out;
}

}  // namespace

TEST_CASE("message_scan: the messages of tests/messages come back byte for byte") {
    int messages = 0;
    for (auto const& entry : std::filesystem::directory_iterator(SATCHEL_MESSAGES)) {
        if (entry.path().extension() != ".eml") continue;
        std::string const name = entry.path().filename().string();
        CAPTURE(name);
        ++messages;
        std::string const crlf = read_message(name);
        std::string lf = crlf;
        std::erase(lf, '\r');
        std::size_t const count = crlf.find("X-Test-Parts: ");
        REQUIRE(count != std::string::npos);
        auto const expected = static_cast<std::size_t>(std::stoi(crlf.substr(count + 14)));
        for (std::string const& message : {crlf, lf, crlf.substr(0, crlf.size() - 2)}) {
            auto const trip = round_trip(message, everything);
            CAPTURE(reasons(trip.scanned));
            CHECK(trip.scanned.parts.size() == expected);
            CHECK((trip.restored == message));
            CHECK((trip.detached == message) == (expected == 0));
        }
    }
    CHECK(messages == 11);
}

TEST_CASE("message_scan: shapes of base64 come back byte for byte") {
    for (std::size_t line : {76U, 72U, 64U, 60U, 46U, 4U, 1U, 0U}) {
        for (std::string const eol : {"\r\n", "\n"}) {
            for (std::string const lead : {"", "\r\n", " \n"}) {
                for (std::string const trailer : {"", "\r\n", "\r\n\r\n", "\n\t\r\n"}) {
                    CAPTURE(line);
                    CAPTURE(eol);
                    CAPTURE(trailer);
                    std::string const body = lead + encoded(1'000, line, eol) + trailer;
                    auto const trip = round_trip(message_with(base64_header + body), everything);
                    REQUIRE(trip.scanned.parts.size() == 1);
                    CHECK(trip.scanned.parts[0].decoding == AttachmentSource::Decoding::base64);
                    CHECK(trip.scanned.parts[0].label.bytes == 1'000);
                    CHECK((trip.restored == message_with(base64_header + body)));
                }
            }
        }
    }
}

TEST_CASE("message_scan: content over several buffers") {
    for (std::size_t line : {76U, 0U}) {
        std::string const message =
            message_with(base64_header + encoded(3'000'000, line, "\r\n") + "\r\n");
        auto const trip = round_trip(message, DetachPolicy{});
        REQUIRE(trip.scanned.parts.size() == 1);
        CHECK((trip.restored == message));
        CHECK(trip.detached.size() < 3'000);
    }
}

TEST_CASE("message_scan: what the label and the restore data say") {
    std::string const body = "aGVsbG8sIHdvcmxk\r\nIQ==\r\n";
    std::string const message = message_with(
        base64_header + body, "Message-ID: <one@a.test>\r\nSubject: =?utf-8?q?=C3=A4?= b\r\n");
    auto const scanned = scan(message);
    REQUIRE(scanned.parts.size() == 1);
    DetachablePart const& part = scanned.parts[0];
    std::string const content = "hello, world!";
    FileLabel const label{"a.bin",        "application/octet-stream",
                          content.size(), sha256(bytes_of(content)),
                          "one@a.test",   "alice@a.test",
                          "ä b"};
    CHECK((part.label == label));
    CHECK(message.substr(part.begin, part.body_begin - part.begin) == base64_header);
    CHECK(message.substr(part.body_begin, part.end - part.body_begin) == body);
    auto const restore = decode_restore_data(part.restore).value();
    CHECK(restore.mode == RestoreData::Mode::base64);
    CHECK(restore.header_block == base64_header);
    CHECK(restore.transfer_encoding == "base64");
    CHECK(restore.shape == Base64Shape{16, "", "\r\n", true});
    CHECK(restore.content_bytes == content.size());
    CHECK(restore.content_sha256 == sha256(bytes_of(content)));
    CHECK(restore.body_bytes == body.size());
    CHECK(restore.body_sha256 == sha256(bytes_of(body)));
    CHECK(restore.message_bytes == message.size());
    CHECK(restore.message_sha256 == sha256(bytes_of(message)));
}

TEST_CASE("message_scan: text that would not come back is kept as it stands") {
    std::string const header =
        "Content-Type: text/csv; name=a.csv\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n";
    std::string const body = "a=3D1,=\r\nb\r\n";
    auto const scanned = scan(message_with(header + body));
    REQUIRE(scanned.parts.size() == 1);
    DetachablePart const& part = scanned.parts[0];
    CHECK(part.decoding == AttachmentSource::Decoding::deflate_text);
    CHECK(part.label.bytes == body.size());
    CHECK(part.label.sha256 == sha256(bytes_of(body)));
    auto const restore = decode_restore_data(part.restore).value();
    CHECK(restore.mode == RestoreData::Mode::verbatim);
    CHECK(restore.transfer_encoding == "quoted-printable");
}

TEST_CASE("message_scan: names as their writers meant them") {
    auto const scanned = scan(read_message("names_rfc2231_and_raw.eml"));
    std::vector<std::string> names;
    for (DetachablePart const& part : scanned.parts)
        names.push_back(part.label.name);
    CHECK(names == std::vector<std::string>{"Grüße.bin", "a long name.bin", "Grüße.bin",
                                            "Grüße raw.bin", "../../etc/passwd", "", "Grüße.bin"});
}

TEST_CASE("message_scan: reads the header in normal form") {
    auto const scanned = scan(read_message("nested_with_preamble_and_epilogue.eml"));
    CHECK(scanned.message_id == "nested.1@a.test");
    CHECK(scanned.subject == "Grüße from the sea");
    CHECK(scanned.from == "alice@a.test");
    CHECK(scanned.header_recipients ==
          std::vector<std::string>{"bob@b.test", "carol@b.test", "dave@c.test", "erin@c.test"});
}

TEST_CASE("message_scan: tells why attachments stay") {
    CHECK(reasons(scan(read_message("signed.eml"))) ==
          "image/png: inside multipart/signed\n"
          "application/pgp-signature: inside multipart/signed\n");
    CHECK(reasons(scan(read_message("images_shown_by_html.eml"))) ==
          "image/png: the HTML shows it\nimage/png: the HTML shows it\n"
          "image/svg+xml: the HTML shows it\n");
    CHECK(reasons(scan(read_message("kept_types.eml"))) ==
          "text/calendar: a calendar entry\n"
          "application/ms-tnef: TNEF: the message's text may be inside\n"
          "application/pkcs7-mime: PGP or S/MIME\n"
          "message/partial: a fragment of a message\n"
          "text/plain: PGP or S/MIME\n"
          "application/octet-stream: PGP or S/MIME\n");
    CHECK(reasons(scan(read_message("unterminated.eml"))) ==
          "image/png: a multipart has no closing boundary\n"
          "image/png: a multipart has no closing boundary\n");
    CHECK(reasons(scan(read_message("whole_message.eml"))) ==
          "image/png: the message is itself one attachment\n");
    CHECK(reasons(scan(read_message("with_placeholder.eml"))) ==
          "multipart/mixed: the message has placeholders already\n");
    CHECK(reasons(scan(message_with(base64_header + "AAAA"), DetachPolicy{})) ==
          "application/octet-stream: smaller than detach_min\n");
}

TEST_CASE("message_scan: a message that was not written here stays whole, and says so once") {
    std::string const part = base64_header + "AAAA\r\n--b\r\n" + base64_header + "AAAA";
    for (std::string const field : {"DKIM-Signature: v=1\r\n", "ARC-Seal: i=1\r\n",
                                    "List-Id: <l.test>\r\n", "Resent-From: x@a.test\r\n"}) {
        CAPTURE(field);
        auto const scanned = scan(message_with(part, field));
        CHECK(scanned.parts.empty());
        CHECK(scanned.kept.size() == 1);
        CHECK(scanned.from == "alice@a.test");
    }
    CHECK(scan("List-Id: <l.test>\r\n\r\ntext\r\n").kept.empty());
}

TEST_CASE("message_scan: inbound, what signed or detached before is no obstacle") {
    DetachPolicy const inbound{1, {}, Side::inbound};
    std::string const part = base64_header + encoded(100, 76, "\r\n") + "\r\n";
    for (std::string const field : {"DKIM-Signature: v=1\r\n", "ARC-Seal: i=1\r\n",
                                    "List-Id: <l.test>\r\n", "Resent-From: a@a.test\r\n"}) {
        CAPTURE(field);
        CHECK(scan(message_with(part, field)).parts.empty());
        auto const scanned = scan(message_with(part, field), inbound);
        CHECK(scanned.parts.size() == 1);
        CHECK(scanned.layer == 1);
    }
    // Placeholders stay as they are; what came beside them goes one layer above.
    std::string const mixed = read_message("with_placeholder.eml");
    auto const scanned = scan(mixed, inbound);
    REQUIRE(scanned.parts.size() == 1);
    CHECK(scanned.parts[0].label.name == "a.png");
    CHECK(scanned.layer == 2);
    std::string deep = mixed;
    deep.replace(deep.find("size=1;"), 7, "size=1; layer=7;");
    CHECK(scan(deep, inbound).layer == 8);
    deep.replace(deep.find("layer=7;"), 8, "layer=16;");
    CHECK(reasons(scan(deep, inbound)) ==
          "multipart/mixed: too many gateways detached parts already\n");
}

TEST_CASE("message_scan: where a part lies must be certain") {
    struct Row {
        std::string why;
        std::string message;
    };

    std::string const good = base64_header + "AAAA";
    for (Row const& row : {
             Row{"garbage before the header", message_with("garbage\r\n" + good)},
             Row{"header without an end", message_with("Content-Type: image/png; name=a.png\r\n"
                                                       "Content-Transfer-Encoding: base64")},
             Row{"one boundary for two multiparts",
                 message_with(good + "\r\n--b\r\nContent-Type: multipart/mixed; "
                                     "boundary=b\r\n\r\n--b\r\n\r\nx")},
             Row{"a boundary of two readings",
                 "From: a@a.test\r\nContent-Type: multipart/mixed; boundary*=us-ascii''b\r\n\r\n"
                 "--b\r\n\r\ntext\r\n--b\r\n" +
                     good + "\r\n--b--\r\n"},
             Row{"two Content-Type fields",
                 "Content-Type: multipart/mixed; boundary=c\r\n" + message_with(good)},
             Row{"too long a header",
                 message_with("X-Long: " + std::string(7'000, 'x') + "\r\n" + good)},
         }) {
        CAPTURE(row.why);
        auto const scanned = scan(row.message);
        CHECK(scanned.parts.empty());
    }
    CHECK(scan(message_with(good)).parts.size() == 1);
}

TEST_CASE("message_scan: bombs and rubbish are left alone") {
    std::string deep = "From: a@a.test\r\n";
    std::string tail;
    for (int i = 0; i < 40; ++i) {
        std::string const boundary = "b" + std::to_string(i);
        deep += "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary +
                "\r\n";
        tail.insert(0, "\r\n--" + boundary + "--\r\n");
    }
    CHECK(reasons(scan(deep + base64_header + "AAAA" + tail)) ==
          "multipart/mixed: its parts are nested too deeply\n");
    std::string many = base64_header + "AAAA";
    for (int i = 0; i < 1'100; ++i)
        many += "\r\n--b\r\n" + base64_header + "AAAA";
    CHECK(reasons(scan(message_with(many))) == "multipart/mixed: it has too many parts\n");
    for (std::string const& rubbish :
         {std::string(), std::string("\0\0\0", 3), std::string("\r\n"), std::string("no header"),
          std::string(100'000, '\xff'),
          std::string("Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n")}) {
        auto const scanned = scan(rubbish);
        CHECK(scanned.parts.empty());
    }
}

TEST_CASE("message_scan: fails only when the file can't be read") {
    auto const scanned = scan_message(-1, everything);
    REQUIRE_FALSE(scanned);
    CHECK(scanned.error().fault == Fault::io);
}

TEST_CASE("message_scan: does not move the file's position") {
    UniqueFd const file = testing::memory_file(message_with(base64_header + "AAAA"));
    ::lseek(file.get(), 5, SEEK_SET);
    CHECK(scan_message(file.get(), everything));
    CHECK(::lseek(file.get(), 0, SEEK_CUR) == 5);
}
