#include "mailgw/restorer.h"

#include <functional>

#include <doctest/doctest.h>

#include "src/base/deflate.h"
#include "tests/unit/mailgw/restorer_samples.h"

using namespace satchel;
using namespace satchel::mailgw;
using testing::MemoryContentSource;

namespace {

std::vector<std::string> troubles(Restored const& restored) {
    std::vector<std::string> all;
    for (RestoredPart const& part : restored.parts)
        all.push_back(part.trouble ? part.trouble->what : "");
    return all;
}

}  // namespace

TEST_CASE("restorer: the original comes back, whatever storage and transit did to the copy") {
    Sent sent;
    REQUIRE(sent.detached.placeholders.size() == 3);
    std::string const& copy = sent.detached.text;
    CHECK(copy.size() < sent.original.size() + 6'000);

    struct Row {
        std::string why;
        std::string arrived;
        std::string prepended;
    };

    for (Row const& row : {
             Row{"as it is", copy, ""},
             Row{"trace lines on top", trace_lines() + copy, trace_lines()},
             Row{"LF storage", testing::with_lf(copy), ""},
             Row{"LF storage with trace lines", testing::with_lf(trace_lines() + copy),
                 trace_lines()},
             Row{"mixed line ends", testing::with_lf(trace_lines()) + copy, trace_lines()},
             Row{"fields unfolded", refolded(copy), ""},
             Row{"tabs instead of blanks",
                 testing::with_crlf(
                     replaced(replaced(copy, "X-Satchel-Part: v=1;", "x-satchel-part:\tv=1 ;"),
                              "grant=", "gr\r\n\t ant = ")),
                 ""},
         }) {
        CAPTURE(row.why);
        auto const back = testing::restore(row.arrived, sent.storage);
        bool const same = back.text == row.prepended + sent.original;
        CHECK(same);
        CHECK(back.outcome.state == RestoreState::exact);
        REQUIRE(back.outcome.parts.size() == 3);
        CHECK(back.outcome.parts[0].name == "film.mov");
        CHECK(back.outcome.parts[0].bytes == 1'000);
        CHECK(back.outcome.parts[0].content_id == sent.detached.placeholders[0].content_id);
        CHECK(troubles(back.outcome) == std::vector<std::string>(3));
    }
}

TEST_CASE("restorer: a message without placeholders comes out as it is, with CR LF") {
    MemoryContentSource storage;
    for (std::string const& message :
         {std::string(), std::string("no header"), three_files(), testing::with_lf(three_files()),
          std::string("Subject: x\r\n\r\nbare \r stays\r\n"),
          // Somebody else's words about placeholders.
          std::string("Subject: x\r\n\r\nX-Satchel-Part: v=1; id=0; size=1\r\n")}) {
        auto const back = testing::restore(message, storage);
        bool const same =
            back.text ==
            (message.find('\r') != std::string::npos ? message : testing::with_crlf(message));
        CHECK(same);
        CHECK(back.outcome.state == RestoreState::exact);
        CHECK(back.outcome.parts.empty());
    }
}

TEST_CASE("restorer: what was changed around the parts makes them exact, and no more") {
    Sent sent;
    std::string const footer = "-- \r\nlist@l.test\r\n";
    std::string const& copy = sent.detached.text;

    struct Row {
        std::string why;
        std::string arrived;
        std::string expected;
    };

    for (Row const& row : {
             Row{"a footer at the end", copy + footer, sent.original + footer},
             Row{"the subject", replaced(copy, "files", "[list] files"),
                 replaced(sent.original, "files", "[list] files")},
             Row{"shorter than the original", replaced(copy, "preamble", ""),
                 replaced(sent.original, "preamble", "")},
         }) {
        CAPTURE(row.why);
        auto const back = testing::restore(row.arrived, sent.storage);
        bool const same = back.text == row.expected;
        CHECK(same);
        CHECK(back.outcome.state == RestoreState::parts_exact);
        CHECK(troubles(back.outcome) == std::vector<std::string>(3));
    }
    // Wrapped into a multipart of its own, as list software does to add a footer.
    std::string const body = copy.substr(copy.find("Content-Type"));
    auto const wrapped = testing::restore(
        "List-Id: l\r\nContent-Type: multipart/mixed; boundary=outer\r\n\r\n--outer\r\n" + body +
            "\r\n--outer\r\n\r\n" + footer + "--outer--\r\n",
        sent.storage);
    CHECK(wrapped.outcome.state == RestoreState::parts_exact);
    CHECK(wrapped.text.find(sent.original.substr(sent.original.find("Content-Type"))) !=
          std::string::npos);
}

TEST_CASE("restorer: a part that can't be put back keeps its placeholder and says why") {
    struct Row {
        std::string why;
        std::function<void(Sent&, std::string&)> change;
        char const* reason;
    };

    for (Row const &row : {
             Row{"content is gone",
                 [](Sent& sent, std::string&) {
                     sent.storage.blobs.erase(sent.detached.placeholders[1].content_id);
                 },
                 "not stored here"},
             Row{"content is truncated",
                 [](Sent& sent, std::string&) { sent.blob(1).holds.pop_back(); },
                 "the content is truncated"},
             Row{"content goes on",
                 [](Sent& sent, std::string&) { sent.blob(1).holds.push_back('x'); },
                 "data after the end of deflated data"},
             Row{"content is not deflated",
                 [](Sent& sent, std::string&) { sent.blob(1).holds = Bytes(500, 'x'); },
                 "not deflated data"},
             Row{"content inflates to more",
                 [](Sent& sent, std::string&) {
                     Bytes bomb;
                     Deflater().write(Bytes(50'000'000), true, bomb);
                     sent.blob(1).holds = bomb;
                 },
                 "inflates beyond its bound"},
             Row{"content is another",
                 [](Sent& sent, std::string&) {
                     Bytes other;
                     std::size_t const size = sent.detached.scanned.parts[1].label.bytes;
                     Deflater().write(Bytes(size, 'x'), true, other);
                     sent.blob(1).holds = other;
                 },
                 "this is not the content that the part had"},
             Row{"somebody else's grant",
                 [](Sent& sent, std::string& mail) {
                     mail = sent.with_field(1, sent.detached.placeholders[1].sealed_restore,
                                            Bytes(200, 0xee));
                 },
                 "no identity opens it"},
             Row{"sealed for somebody else",
                 [](Sent& sent, std::string& mail) {
                     mail =
                         sent.with_field(1, Bytes(200, 0xee), sent.detached.placeholders[1].grant);
                 },
                 "not sealed for this home"},
             Row{"no grant",
                 [](Sent& sent, std::string& mail) {
                     mail = sent.with_field(1, sent.detached.placeholders[1].sealed_restore, {});
                 },
                 "its placeholder has lost what opens it"},
             Row{"no restore data",
                 [](Sent& sent, std::string& mail) {
                     mail = sent.with_field(1, {}, sent.detached.placeholders[1].grant);
                 },
                 "its placeholder has lost what opens it"},
             Row{"body of another digest",
                 [](Sent& sent, std::string& mail) {
                     mail = sent.with_restore_data(
                         1, [](RestoreData& data) { data.body_sha256[0] ^= 1U; });
                 },
                 "the part would not come out as it was"},
             Row{"content of another digest",
                 [](Sent& sent, std::string& mail) {
                     mail = sent.with_restore_data(
                         1, [](RestoreData& data) { data.content_sha256[0] ^= 1U; });
                 },
                 "this is not the content that the part had"},
             Row{"body said to be shorter",
                 [](Sent& sent, std::string& mail) {
                     mail = sent.with_restore_data(1, [](RestoreData& data) { --data.body_bytes; });
                 },
                 "the part would be longer than it was"},
             Row{"body said to be longer",
                 [](Sent& sent, std::string& mail) {
                     mail = sent.with_restore_data(1, [](RestoreData& data) { ++data.body_bytes; });
                 },
                 "the part would be shorter than it was"},
             Row{"content said to be longer",
                 [](Sent& sent, std::string& mail) {
                     mail = sent.with_restore_data(
                         1, [](RestoreData& data) { data.content_bytes = ~std::uint64_t{0}; });
                 },
                 "there is less content than the part had"},
         }) {
        CAPTURE(row.why);
        Sent sent;
        std::string mail = sent.detached.text;
        row.change(sent, mail);
        auto const back = testing::restore(mail, sent.storage);
        CHECK(back.outcome.state == RestoreState::partial);
        CHECK(troubles(back.outcome) == std::vector<std::string>{"", row.reason, ""});
        bool const keeps = back.text.find(part_with_field(back.text)) != std::string::npos &&
                           mail.find(part_with_field(back.text)) != std::string::npos;
        CHECK(keeps);
        // The other two are back.
        bool const others =
            back.text.ends_with(sent.original.substr(sent.original.rfind("--b-1\r\n")));
        CHECK(others);
    }
}

TEST_CASE("restorer: hostile restore data") {
    Sent sent;
    for (Bytes const& data : {Bytes(), Bytes(3'000, 0), Bytes(8'000, 0x81), Bytes{0x80}}) {
        auto const back = testing::restore(sent.with_field(0, MemoryContentSource::sealed(data),
                                                           sent.detached.placeholders[0].grant),
                                           sent.storage);
        CHECK(back.outcome.state == RestoreState::partial);
        CHECK(back.outcome.parts[0].trouble);
    }
    // Shapes that no encoder wrote.
    for (std::uint64_t const length :
         {std::uint64_t{1}, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
        auto const mail =
            sent.with_restore_data(0, [&](RestoreData& data) { data.shape.line_length = length; });
        CHECK(testing::restore(mail, sent.storage).outcome.state == RestoreState::partial);
    }
    // A message that was never so long, and one of another digest: the parts are right still.
    for (auto const& change : {std::function<void(RestoreData&)>([](RestoreData& data) {
                                   data.message_bytes = ~std::uint64_t{0};
                               }),
                               std::function<void(RestoreData&)>(
                                   [](RestoreData& data) { data.message_sha256[5] ^= 1U; })}) {
        for (std::size_t const i : {0U, 2U}) {
            auto const back = testing::restore(sent.with_restore_data(i, change), sent.storage);
            CHECK(back.outcome.state == RestoreState::parts_exact);
            bool const same = back.text == sent.original;
            CHECK(same);
        }
    }
}

TEST_CASE("restorer: the same placeholder twice is put back once") {
    Sent sent;
    std::string const part = part_with_field(sent.detached.text);
    std::string const twice = replaced(sent.detached.text, part, part + part + part);
    auto const back = testing::restore(twice, sent.storage);
    CHECK(back.outcome.state == RestoreState::partial);
    std::string const again = "a placeholder above stands for the same content";
    CHECK(troubles(back.outcome) == std::vector<std::string>{"", again, again, "", ""});
    CHECK(sent.storage.fetches == 3);
    // A broken one above does not count.
    std::string const broken =
        sent.with_field(0, sent.detached.placeholders[0].sealed_restore, Bytes(9, 9));
    std::string const both = replaced(sent.detached.text, part, part_with_field(broken) + part);
    CHECK(troubles(testing::restore(both, sent.storage).outcome) ==
          std::vector<std::string>{"no identity opens it", "", "", ""});
}

TEST_CASE("restorer: fields that stand in no part of their own") {
    Sent sent;
    std::string const id(64, 'a');
    std::string const field =
        "X-Satchel-Part: v=1; id=" + id + "; size=1; part=" + std::string(32, '1') + "\r\n";

    struct Row {
        std::string why;
        std::string mail;
        std::string reason;
    };

    for (Row const& row : {
             Row{"the message's own header", field + "\r\nhello\r\n",
                 "its field stands in the header of a whole message"},
             Row{"a forwarded message's header",
                 "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: "
                 "message/rfc822\r\n\r\n" +
                     field + "\r\nx\r\n--b--\r\n",
                 "its field stands in the header of a whole message"},
             Row{"no boundary below",
                 "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + field + "\r\nx\r\n",
                 "the message ends within it"},
             Row{"two fields",
                 "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + field + field +
                     "\r\nx\r\n--b--\r\n",
                 "two fields want to stand for it"},
             Row{"another version",
                 "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nX-Satchel-Part: "
                 "v=2\r\n\r\nx\r\n--b--\r\n",
                 "X-Satchel-Part: not version 1"},
         }) {
        CAPTURE(row.why);
        auto const back = testing::restore(row.mail, sent.storage);
        CHECK(back.text == row.mail);
        CHECK(back.outcome.state == RestoreState::partial);
        CHECK(troubles(back.outcome) == std::vector<std::string>{row.reason});
    }
    std::string many = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    for (int i = 0; i < 1'500; ++i)
        many += "--b\r\n" + field + "\r\nx\r\n";
    auto const back = testing::restore(many + "--b--\r\n", sent.storage);
    CHECK(back.outcome.parts.size() == 1'001);
    CHECK(back.outcome.state == RestoreState::partial);
}

TEST_CASE("restorer: a placeholder in a forwarded message is put back there") {
    Sent sent;
    std::string const around =
        "Content-Type: multipart/mixed; boundary=fw\r\n\r\n--fw\r\n\r\nsee below\r\n--fw\r\n"
        "Content-Type: message/rfc822\r\n\r\n";
    auto const back =
        testing::restore(around + sent.detached.text + "\r\n--fw--\r\n", sent.storage);
    bool const same = back.text == around + sent.original + "\r\n--fw--\r\n";
    CHECK(same);
    CHECK(back.outcome.state == RestoreState::parts_exact);
}

TEST_CASE("restorer: several gateways in the path") {
    MemoryContentSource storage;
    DetachPolicy const large{900, {}};
    std::string const original = three_files();
    auto const first = testing::detach(original, large, storage);
    REQUIRE(first.placeholders.size() == 2);
    std::string const on_the_way = "DKIM-Signature: v=1\r\nReceived: from a\r\n" + first.text;
    auto const second = testing::detach(on_the_way, everything_inbound, storage);
    REQUIRE(second.placeholders.size() == 1);
    CHECK(second.scanned.layer == 2);
    CHECK(second.text.find("layer=2;") != std::string::npos);
    std::string const arrived = testing::with_lf(trace_lines() + second.text);

    auto const back = testing::restore(arrived, storage);
    bool const same =
        back.text == trace_lines() + "DKIM-Signature: v=1\r\nReceived: from a\r\n" + original;
    CHECK(same);
    CHECK(back.outcome.state == RestoreState::exact);
    CHECK(back.outcome.parts.size() == 3);

    // The upper layer alone: what that gateway took is there again.
    for (Placeholder const& placeholder : first.placeholders)
        storage.blobs.erase(placeholder.content_id);
    auto const upper = testing::restore(arrived, storage);
    bool const taken = upper.text == trace_lines() + on_the_way;
    CHECK(taken);
    CHECK(upper.outcome.state == RestoreState::partial);
}
