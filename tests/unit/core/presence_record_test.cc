#include "src/core/presence_record.h"

#include <doctest/doctest.h>

#include "src/core/endpoint_codec.h"
#include "tests/support/vector_file.h"
#include "tests/unit/core/samples.h"

using namespace satchel;
using namespace satchel::testing;

namespace {

PresenceRecord sample_presence() {
    return {true, {{"192.0.2.1", 7473}, {"2001:db8::1", 7473}}, {{"192.0.2.1", 7474}}, 39, false};
}

/// A presence whose control endpoints are as the test writes them.
Bytes presence_with(void (*write_control)(MsgpackWriter&)) {
    MsgpackWriter out;
    write_control(out.map(5).key(1).flag(true).key(2));
    out.key(3).array(0).key(4).number(0).key(5).flag(false);
    return out.take();
}

}  // namespace

TEST_CASE("presence: the bytes of FORMATS.md") {
    VectorFile vectors("presence_record");
    vectors.check("open", *encode_presence_record(sample_presence()));
    vectors.check("gone", *encode_presence_record(PresenceRecord{}));
    vectors.check("pull only", *encode_presence_record(PresenceRecord{true, {}, {}, 20, true}));
}

TEST_CASE("presence: comes back as it went, and fits at its bounds") {
    Endpoint const longest{"2001:db8:1111:2222:3333:4444:5555:6666", 65535};
    std::vector<Endpoint> const four(limits::endpoints_per_list, longest);
    for (PresenceRecord const& record :
         {sample_presence(), PresenceRecord{}, PresenceRecord{true, four, four, 63, true}}) {
        auto const body = encode_presence_record(record);
        REQUIRE(body);
        CHECK(body->size() <= body_bytes_max(RecordKind::presence));
        auto const back = decode_presence_record(*body);
        REQUIRE(back);
        CHECK(*back == record);
    }
    CHECK(encode_presence_record({true, four, four, 63, true})->size() == 171);
    PresenceRecord over;
    over.swarm.resize(5, longest);
    auto const body = encode_presence_record(over);
    REQUIRE_FALSE(body);
    CHECK(body.error().fault == Fault::too_large);
}

TEST_CASE("presence: a mapped address is written as the IPv4 address that it is") {
    auto const body = encode_presence_record({true, {{"::ffff:192.0.2.1", 7473}}, {}, 0, false});
    auto const back = decode_presence_record(*body);
    REQUIRE(back);
    CHECK(back->control == std::vector<Endpoint>{{"192.0.2.1", 7473}});
}

TEST_CASE("presence: refuses endpoints that it did not write") {
    struct Row {
        char const* why;
        void (*write)(MsgpackWriter&);
    };

    REQUIRE(decode_presence_record(presence_with([](MsgpackWriter& o) { o.array(0); })));
    for (Row const& row : {
             Row{"text", [](MsgpackWriter& o) { o.array(1).text("192.0.2.1:1"); }},
             Row{"no array", [](MsgpackWriter& o) { o.binary(Bytes(6, 1)); }},
             Row{"empty", [](MsgpackWriter& o) { o.array(1).binary({}); }},
             Row{"5 bytes", [](MsgpackWriter& o) { o.array(1).binary(Bytes(5, 1)); }},
             Row{"17 bytes", [](MsgpackWriter& o) { o.array(1).binary(Bytes(17, 1)); }},
             Row{"port 0",
                 [](MsgpackWriter& o) {
                     o.array(1).binary(Bytes{192, 0, 2, 1, 0, 0});
                 }},
             Row{"mapped",
                 [](MsgpackWriter& o) {
                     o.array(1).binary(
                         Bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1, 0, 1});
                 }},
             Row{"not an address",
                 [](MsgpackWriter& o) {
                     write_endpoints(o, {{"b.test", 1}});
                 }},
             Row{"five",
                 [](MsgpackWriter& o) {
                     write_endpoints(o, std::vector<Endpoint>(5, {"192.0.2.1", 1}));
                 }},
         }) {
        CAPTURE(row.why);
        auto const record = decode_presence_record(presence_with(row.write));
        REQUIRE_FALSE(record);
        CHECK(record.error().fault == Fault::corrupt);
    }
}

TEST_CASE("presence: cut or longer, it is refused") {
    auto const body = encode_presence_record(sample_presence());
    REQUIRE(body);
    for (std::size_t at = 0; at < body->size(); ++at) {
        CAPTURE(at);
        CHECK_FALSE(decode_presence_record(ByteSpan(*body).first(at)));
        auto const other = decode_presence_record(bent(*body, at));
        CHECK_FALSE((other && *other == sample_presence()));
    }
    CHECK_FALSE(decode_presence_record(with_byte_after(*body)));
    Bytes const free_space_class_64 = MsgpackWriter()
                                          .map(5)
                                          .key(1)
                                          .flag(true)
                                          .key(2)
                                          .array(0)
                                          .key(3)
                                          .array(0)
                                          .key(4)
                                          .number(64)
                                          .key(5)
                                          .flag(false)
                                          .take();
    CHECK_FALSE(decode_presence_record(free_space_class_64));
}
