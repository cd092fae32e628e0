#include "src/core/pull_notice.h"

#include <doctest/doctest.h>
#include <sodium.h>

#include "src/core/endpoint_codec.h"
#include "tests/support/vector_file.h"
#include "tests/unit/core/samples.h"

using namespace satchel;
using namespace satchel::testing;

namespace {

NodeKey sample_receiver() {
    return NodeKey(sample_key("node").public_key());
}

PullNotice longest_notice() {
    PullNotice notice = sample_notice();
    notice.size = notice.expires = ~0ULL;
    notice.control.assign(limits::endpoints_per_list,
                          {"2001:db8:1111:2222:3333:4444:5555:6666", 65535});
    return notice;
}

/// The work and the signature done anew after a change: as a stranger would.
RecordEnvelope worked(RecordEnvelope record, std::string_view signer) {
    record.slot_epoch = 1ULL << 63;
    while (!work_proof_holds(record))
        ++record.slot_epoch;
    record.signature = sign_record(record, sample_key(signer));
    return record;
}

}  // namespace

TEST_CASE("notice: the bytes of FORMATS.md") {
    VectorFile vectors("pull_notice");
    vectors.check("body", *encode_pull_notice(sample_notice()));
    vectors.check("node seed", sample_key("node").seed());
    vectors.check("record", encode_record(sealed_notice()));
    PullNotice mute = sample_notice();
    mute.control.clear();
    vectors.check("body without endpoints", *encode_pull_notice(mute));
}

TEST_CASE("notice: comes back as it went, is valid, and opens") {
    for (PullNotice const& notice : {sample_notice(), longest_notice()}) {
        RecordEnvelope const record = sealed_notice(notice);
        Bytes const bytes = encode_record(record);
        CHECK(bytes.size() == limits::pull_notice_bytes);
        auto const back = decode_record(bytes);
        REQUIRE(back);
        CHECK(*back == record);
        CHECK(check_record(*back, inbox_key(sample_receiver()), sample_now));
        auto const opened = open_notice(*back, sample_key("node"));
        REQUIRE(opened);
        CHECK(*opened == notice);
    }
    CHECK(encode_pull_notice(longest_notice())->size() == 192);
    CHECK(body_bytes_max(RecordKind::pull_notice) == 270);
}

TEST_CASE("notice: each message has a signer of its own, and is over with its offer") {
    SeededRandomness chance("two");
    PullNotice brief = sample_notice();
    brief.expires = sample_now + 60;
    auto const one = seal_notice(brief, sample_receiver(), sample_now * 1000, chance);
    auto const two = seal_notice(brief, sample_receiver(), sample_now * 1000, chance);
    REQUIRE(one);
    REQUIRE(two);
    CHECK(one->signer != two->signer);
    CHECK(one->slot_owner != two->slot_owner);
    CHECK(one->expires == brief.expires);
    CHECK(sealed_notice().expires == sample_now + limits::pull_notice_ttl_seconds);
}

TEST_CASE("notice: sealing refuses what nobody could use") {
    SeededRandomness chance;
    PullNotice over = sample_notice();
    over.control.resize(5, {"192.0.2.1", 1});
    PullNotice late = sample_notice();
    late.expires = sample_now;

    struct Row {
        char const* why;
        PullNotice notice;
        NodeKey to;
        Fault fault;
    };

    for (Row const& row : {Row{"five endpoints", over, sample_receiver(), Fault::too_large},
                           Row{"expired", late, sample_receiver(), Fault::usage},
                           Row{"no key", sample_notice(), NodeKey(), Fault::usage}}) {
        CAPTURE(row.why);
        auto const record = seal_notice(row.notice, row.to, sample_now * 1000, chance);
        REQUIRE_FALSE(record);
        CHECK(record.error().fault == row.fault);
    }
}

TEST_CASE("notice: cut or longer, it is refused; with any bit turned, it is not valid") {
    Bytes const bytes = encode_record(sealed_notice());
    DhtKey const place = inbox_key(sample_receiver());
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        CAPTURE(at);
        CHECK_FALSE(decode_record(ByteSpan(bytes).first(at)));
        auto const other = decode_record(bent(bytes, at));
        CHECK_FALSE((other && check_record(*other, place, sample_now)));
    }
    CHECK_FALSE(decode_record(with_byte_after(bytes)));
}

TEST_CASE("notice: what every storing node and reader refuses, though it is signed") {
    RecordEnvelope idle = sealed_notice();
    while (work_proof_holds(idle))
        ++idle.slot_epoch;
    SeededRandomness chance("notice");  // as in sealed_notice(): the same throw-away key
    SigningKey const signer = SigningKey::generate(chance);
    REQUIRE(signer.public_key() == idle.signer);
    idle.signature = sign_record(idle, signer);
    auto const without = check_record(idle, idle.dht_key, sample_now);
    REQUIRE_FALSE(without);
    CHECK(without.error().what == "without its proof of work");

    struct Row {
        char const* why;  ///< the error
        void (*change)(RecordEnvelope&);
    };

    char const* const form = "a notice in another's slot, or with another's proof or end";
    for (Row const& row : {
             Row{form, [](RecordEnvelope& r) { r.slot_owner = sample_key("eve").public_key(); }},
             Row{form, [](RecordEnvelope& r) { ++r.slot_expires; }},
             Row{form,
                 [](RecordEnvelope& r) {
                     r.slot_proof = sign_slot(sample_key("user"), r.dht_key, r.signer, r.slot_epoch,
                                              r.slot_expires);
                 }},
             Row{"it lives longer than its kind may",
                 [](RecordEnvelope& r) { r.slot_expires = ++r.expires; }},
             Row{"issued in the future",
                 [](RecordEnvelope& r) {
                     r.issued += 200;
                     r.slot_expires = r.expires = r.issued + 100;
                 }},
             Row{"its signature does not hold",
                 [](RecordEnvelope& r) {
                     r.signer = r.slot_owner = sample_key("eve").public_key();
                 }},
         }) {
        CAPTURE(row.why);
        RecordEnvelope record = sealed_notice();
        record.signer = record.slot_owner = sample_key("user").public_key();
        CHECK(check_record(worked(record, "user"), record.dht_key, sample_now));
        row.change(record);
        auto const status = check_record(worked(record, "user"), record.dht_key, sample_now);
        REQUIRE_FALSE(status);
        CHECK(status.error().what == row.why);
    }
}

TEST_CASE("notice: opens for its node and in its own envelope alone") {
    RecordEnvelope const record = sealed_notice();
    RecordEnvelope lifted = record;
    lifted.signer = lifted.slot_owner = sample_key("eve").public_key();
    lifted = worked(lifted, "eve");
    REQUIRE(check_record(lifted, lifted.dht_key, sample_now));
    RecordEnvelope other_kind = record;
    other_kind.kind = RecordKind::presence;
    RecordEnvelope turned = record;
    turned.sealed_body[40] ^= 1;
    RecordEnvelope cut = record;
    cut.sealed_body.resize(crypto_box_SEALBYTES + 31);

    struct Row {
        char const* why;
        RecordEnvelope record;
        std::string_view key;
    };

    for (Row const& row : {Row{"another node", record, "eve"}, Row{"lifted", lifted, "node"},
                           Row{"another kind", other_kind, "node"},
                           Row{"a bit turned", turned, "node"}, Row{"cut", cut, "node"}}) {
        CAPTURE(row.why);
        auto const opened = open_notice(row.record, sample_key(row.key));
        REQUIRE_FALSE(opened);
        CHECK(opened.error().fault == Fault::corrupt);
    }
}

TEST_CASE("notice: any sealed box opens or is refused, whatever it holds") {
    std::array<Byte, 32> receiver{};
    REQUIRE(crypto_sign_ed25519_pk_to_curve25519(receiver.data(), sample_receiver().bytes.data()) ==
            0);
    RecordEnvelope record = sealed_notice();
    Bytes const body = *encode_pull_notice(sample_notice());
    auto const boxed = [&](Bytes const& plain) {
        record.sealed_body.assign(plain.size() + crypto_box_SEALBYTES, 0);
        crypto_box_seal(record.sealed_body.data(), plain.data(), plain.size(), receiver.data());
        return open_notice(record, sample_key("node"));
    };
    Bytes plain = copy_of(record.signer.bytes);
    CHECK_FALSE(boxed(plain));
    plain.push_back(0x80);
    CHECK_FALSE(boxed(plain));
    plain.resize(200, 0);
    CHECK_FALSE(boxed(plain));
    plain.resize(32);
    append(plain, body);
    CHECK_FALSE(boxed(plain));  // no mark
    plain.push_back(0x80);
    auto const opened = boxed(plain);  // libsodium's own box, without zeros
    REQUIRE(opened);
    CHECK(*opened == sample_notice());
}

TEST_CASE("notice: refuses bodies that it did not write") {
    struct Row {
        char const* why;
        void (*write)(MsgpackWriter&);
    };

    Bytes const good = *encode_pull_notice(sample_notice());
    for (std::size_t at = 0; at < good.size(); ++at) {
        CAPTURE(at);
        CHECK_FALSE(decode_pull_notice(ByteSpan(good).first(at)));
        auto const other = decode_pull_notice(bent(good, at));
        CHECK_FALSE((other && *other == sample_notice()));
    }
    CHECK_FALSE(decode_pull_notice(with_byte_after(good)));
    for (Row const& row : {
             Row{"an array", [](MsgpackWriter& o) { o.array(0); }},
             Row{"nothing", [](MsgpackWriter& o) { o.map(0); }},
             Row{"offer of 15 bytes",
                 [](MsgpackWriter& o) {
                     o.map(6).key(1).binary(Bytes(15)).key(2).binary(Bytes(32)).key(3).number(1);
                     o.key(4).binary(Bytes(32)).key(5).array(0).key(6).number(1);
                 }},
             Row{"key of 33 bytes",
                 [](MsgpackWriter& o) {
                     o.map(6).key(1).binary(Bytes(16)).key(2).binary(Bytes(32)).key(3).number(1);
                     o.key(4).binary(Bytes(33)).key(5).array(0).key(6).number(1);
                 }},
             Row{"five endpoints",
                 [](MsgpackWriter& o) {
                     o.map(6).key(1).binary(Bytes(16)).key(2).binary(Bytes(32)).key(3).number(1);
                     write_endpoints(o.key(4).binary(Bytes(32)).key(5),
                                     std::vector<Endpoint>(5, {"192.0.2.1", 1}));
                     o.key(6).number(1);
                 }},
             Row{"a name for an endpoint",
                 [](MsgpackWriter& o) {
                     o.map(6).key(1).binary(Bytes(16)).key(2).binary(Bytes(32)).key(3).number(1);
                     o.key(4).binary(Bytes(32)).key(5).array(1).text("b.test:1").key(6).number(1);
                 }},
         }) {
        CAPTURE(row.why);
        MsgpackWriter out;
        row.write(out);
        CHECK_FALSE(decode_pull_notice(out.take()));
    }
}
