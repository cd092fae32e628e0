#include "src/core/storage_record.h"

#include <doctest/doctest.h>

#include "src/core/msgpack_codec.h"
#include "tests/support/vector_file.h"
#include "tests/unit/core/samples.h"

using namespace satchel;
using namespace satchel::testing;

namespace {

EnvelopeFacts facts() {
    Binding const binding = sample_binding();
    return {binding.user_key, binding.domain_key, binding.slot_epoch, binding.expires};
}

/// Everything at its bound.
StorageRecord longest_record() {
    StorageRecord record = sample_storage_record();
    record.address = longest_address();
    record.binding = sample_binding(longest_address());
    record.nodes = {sample_node("a", ~0U), sample_node("b", ~0U), sample_node("c", ~0U)};
    record.accept = {~0ULL, AcceptFrom::contacts, ~0ULL, ~0ULL};
    record.gateway = GatewayPlace{std::string(limits::gateway_host_octets - 2, 'g') + ".g:65535",
                                  NodeKey(sample_key("gateway").public_key())};
    record.page = "https://" + std::string(limits::page_octets - 8, 'p');
    return record;
}

/// The smallest body, with field `key` of the test's making, and `extra` entries after it.
Bytes body_with(std::uint64_t key, void (*write)(MsgpackWriter&)) {
    MsgpackWriter out;
    bool const known = key == 1 || key == 2 || key == 3 || key == 4 || key == 7;
    out.map(known || write == nullptr ? 5 : 6);
    auto const put = [&](std::uint64_t at, auto const& usual) {
        if (at == key && write != nullptr)
            write(out.key(at));
        else if (usual != nullptr)
            usual(out.key(at));
    };
    void (*const absent)(MsgpackWriter&) = nullptr;
    put(
        1, +[](MsgpackWriter& o) { o.text("bob@b.test"); });
    put(
        2, +[](MsgpackWriter& o) { o.binary(Bytes(32, 2)); });
    put(
        3, +[](MsgpackWriter& o) { o.array(0); });
    put(
        4, +[](MsgpackWriter& o) {
            o.map(4).key(1).number(9).key(2).number(0).key(3).number(0).key(4).number(1);
        });
    put(5, absent);
    put(6, absent);
    put(
        7, +[](MsgpackWriter& o) { o.text(""); });
    put(8, absent);
    return out.take();
}

}  // namespace

TEST_CASE("storage record: the bytes of FORMATS.md") {
    VectorFile vectors("storage_record");
    vectors.check("body", *encode_storage_record(sample_storage_record()));
    StorageRecord withdrawn = sample_storage_record();
    withdrawn.nodes.clear();
    withdrawn.binding.reset();
    withdrawn.page.clear();
    vectors.check("withdrawn", *encode_storage_record(withdrawn));
    StorageRecord with_gateway = withdrawn;
    with_gateway.gateway =
        GatewayPlace{"mx.b.test:7473", NodeKey(sample_key("gateway").public_key())};
    vectors.check("with gateway", *encode_storage_record(with_gateway));
}

TEST_CASE("storage record: comes back as it went, its binding put together again") {
    for (StorageRecord const& record : {sample_storage_record(), longest_record()}) {
        auto const body = encode_storage_record(record);
        REQUIRE(body);
        auto const back = decode_storage_record(*body, facts());
        REQUIRE(back);
        CHECK(*back == record);
        REQUIRE(back->binding);
        CHECK(back->binding->signature_holds());
    }
}

TEST_CASE("storage record: all bounds at once fit the constant length") {
    auto const body = encode_storage_record(longest_record());
    REQUIRE(body);
    CHECK(body->size() == 815);
    SeededRandomness chance;
    RecordEnvelope const draft = proven(storage_draft());
    auto const record = seal_record(draft, *body, sample_seal(), sample_key("user"), chance);
    REQUIRE(record);
    CHECK(encode_record(*record).size() == limits::storage_record_bytes);
}

TEST_CASE("storage record: a binding of other facts does not hold") {
    auto const body = encode_storage_record(sample_storage_record());
    REQUIRE(body);

    struct Row {
        char const* why;
        void (*change)(EnvelopeFacts&);
    };

    for (Row const& row : {
             Row{"signer",
                 [](EnvelopeFacts& f) { f.signer = UserKey(sample_key("eve").public_key()); }},
             Row{"slot owner",
                 [](EnvelopeFacts& f) { f.slot_owner = DomainKey(sample_key("x").public_key()); }},
             Row{"epoch", [](EnvelopeFacts& f) { ++f.slot_epoch; }},
             Row{"end", [](EnvelopeFacts& f) { ++f.slot_expires; }},
         }) {
        CAPTURE(row.why);
        EnvelopeFacts other = facts();
        row.change(other);
        auto const record = decode_storage_record(*body, other);
        REQUIRE(record);
        CHECK_FALSE(record->binding->signature_holds());
    }
}

TEST_CASE("storage record: in the signer's own slot it has no binding") {
    EnvelopeFacts own = facts();
    own.slot_owner = DomainKey(own.signer);
    own.slot_epoch = 0;
    auto const body = encode_storage_record(sample_storage_record());
    auto const record = decode_storage_record(*body, own);
    REQUIRE(record);
    CHECK_FALSE(record->binding);
    CHECK(record->nodes == sample_storage_record().nodes);
}

TEST_CASE("storage record: does not write what it would not read") {
    struct Row {
        char const* why;
        Fault fault;
        void (*change)(StorageRecord&);
    };

    for (Row const& row : {
             Row{"four nodes", Fault::too_large,
                 [](StorageRecord& r) { r.nodes.resize(4, sample_node("node", 1)); }},
             Row{"long page", Fault::too_large,
                 [](StorageRecord& r) { r.page = "https://" + std::string(57, 'p'); }},
             Row{"plain http", Fault::usage, [](StorageRecord& r) { r.page = "http://b.test"; }},
             Row{"page with a line end", Fault::usage,
                 [](StorageRecord& r) { r.page = "https://b.test\r\nX: y"; }},
             Row{"page without a host", Fault::usage,
                 [](StorageRecord& r) { r.page = "https://"; }},
             Row{"page beyond ASCII", Fault::usage,
                 [](StorageRecord& r) { r.page = "https://bö.test"; }},
             Row{"another's binding", Fault::usage,
                 [](StorageRecord& r) { r.binding = sample_binding(sample_address("c@c.test")); }},
             Row{"another age recipient", Fault::usage,
                 [](StorageRecord& r) { r.age_recipient.bytes[0] ^= 1; }},
         }) {
        CAPTURE(row.why);
        StorageRecord record = sample_storage_record();
        row.change(record);
        auto const body = encode_storage_record(record);
        REQUIRE_FALSE(body);
        CHECK(body.error().fault == row.fault);
    }
}

TEST_CASE("storage record: keys of later versions are passed over") {
    auto const later = body_with(8, [](MsgpackWriter& out) { out.array(1).text("later"); });
    auto const record = decode_storage_record(later, facts());
    REQUIRE(record);
    CHECK(record->address == sample_address());
    CHECK(record->nodes.empty());
    CHECK_FALSE(record->binding);
    CHECK_FALSE(record->gateway);
}

TEST_CASE("storage record: refuses what it did not write") {
    struct Row {
        char const* why;
        std::uint64_t key;
        void (*write)(MsgpackWriter&);
    };

    REQUIRE(decode_storage_record(body_with(0, nullptr), facts()));
    for (Row const& row : {
             Row{"address not normal", 1, [](MsgpackWriter& o) { o.text("Bob@b.test"); }},
             Row{"address in binary", 1, [](MsgpackWriter& o) { o.binary(Bytes(9)); }},
             Row{"age recipient short", 2, [](MsgpackWriter& o) { o.binary(Bytes(31)); }},
             Row{"nodes as map", 3, [](MsgpackWriter& o) { o.map(0); }},
             Row{"four nodes", 3,
                 [](MsgpackWriter& o) {
                     o.array(4);
                     for (int i = 0; i < 4; ++i)
                         o.map(3).key(1).binary(Bytes(32)).key(2).number(1).key(3).binary(
                             Bytes(32));
                 }},
             Row{"node without a secret", 3,
                 [](MsgpackWriter& o) {
                     o.array(1).map(2).key(1).binary(Bytes(32)).key(2).number(1);
                 }},
             Row{"priority over 32 bits", 3,
                 [](MsgpackWriter& o) {
                     o.array(1).map(3).key(1).binary(Bytes(32)).key(2).number(1ULL << 32);
                     o.key(3).binary(Bytes(32));
                 }},
             Row{"unknown policy", 4,
                 [](MsgpackWriter& o) {
                     o.map(4).key(1).number(9).key(2).number(3).key(3).number(0).key(4).number(1);
                 }},
             Row{"policy without a maximum", 4,
                 [](MsgpackWriter& o) {
                     o.map(3).key(2).number(0).key(3).number(0).key(4).number(1);
                 }},
             Row{"binding rule", 5,
                 [](MsgpackWriter& o) {
                     o.map(3).key(1).number(1).key(2).text("*").key(3).binary(Bytes(64));
                 }},
             Row{"binding signature short", 5,
                 [](MsgpackWriter& o) {
                     o.map(3).key(1).number(1).key(2).text("").key(3).binary(Bytes(63));
                 }},
             Row{"gateway without a port", 6,
                 [](MsgpackWriter& o) {
                     o.map(2).key(1).text("mx.b.test").key(2).binary(Bytes(32));
                 }},
             Row{"gateway's port of 0", 6,
                 [](MsgpackWriter& o) {
                     o.map(2).key(1).text("mx.b.test:0").key(2).binary(Bytes(32));
                 }},
             Row{"gateway with a path", 6,
                 [](MsgpackWriter& o) {
                     o.map(2).key(1).text("mx/b.test:1").key(2).binary(Bytes(32));
                 }},
             Row{"gateway without a key", 6,
                 [](MsgpackWriter& o) { o.map(1).key(1).text("mx.b.test:7473"); }},
             Row{"page of 65 octets", 7,
                 [](MsgpackWriter& o) { o.text("https://" + std::string(57, 'p')); }},
             Row{"page with a space", 7, [](MsgpackWriter& o) { o.text("https://b.test/ x"); }},
             Row{"page of another scheme", 7, [](MsgpackWriter& o) { o.text("file:///etc"); }},
         }) {
        CAPTURE(row.why);
        auto const record = decode_storage_record(body_with(row.key, row.write), facts());
        REQUIRE_FALSE(record);
        CHECK(record.error().fault == Fault::corrupt);
    }
}

TEST_CASE("storage record: cut or longer, it is refused; bent, it is at most another record") {
    auto const body = encode_storage_record(sample_storage_record());
    REQUIRE(body);
    for (std::size_t at = 0; at < body->size(); ++at) {
        CAPTURE(at);
        CHECK_FALSE(decode_storage_record(ByteSpan(*body).first(at), facts()));
        auto const other = decode_storage_record(bent(*body, at), facts());
        CHECK_FALSE((other && *other == sample_storage_record()));
    }
    CHECK_FALSE(decode_storage_record(with_byte_after(*body), facts()));
}
