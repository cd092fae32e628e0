#include "transfer/control_message.h"

#include <doctest/doctest.h>

#include "src/core/limits.h"
#include "src/core/msgpack_codec.h"
#include "tests/support/sample_offer.h"
#include "transfer/control_limits.h"

using namespace satchel;
using namespace satchel::transfer;
using namespace satchel::testing;

namespace {

Offer some_offer() {
    OfferParties parties;
    return parties.signed_by_user(parties.draft(ContentId{}, 100));
}

}  // namespace

TEST_CASE("control_message: comes back as it was written") {
    PingAnswer ping;
    ping.node.bytes.fill(7);
    ping.available = true;
    ping.accept = {1'000'000, AcceptFrom::contacts, 5, 2};
    ping.clock = 1'800'000'000;
    auto const ping_back = decode_ping(encode_ping(ping));
    REQUIRE(ping_back);
    CHECK(*ping_back == ping);

    Offer const offer = some_offer();
    auto const bare = decode_offer_request(encode_offer_request(offer, std::nullopt));
    REQUIRE(bare);
    CHECK(bare->offer == offer);
    CHECK_FALSE(bare->blob);
    Bytes const blob(limits::inline_blob_bytes, 9);
    auto const along = decode_offer_request(encode_offer_request(offer, ByteSpan(blob)));
    REQUIRE(along);
    CHECK(along->offer == offer);
    CHECK(along->blob == blob);

    OfferProgress const progress{OfferAction::wait, 123'456'789'012};
    CHECK(*decode_progress(encode_progress(progress)) == progress);
    OfferProgress const with_gap{OfferAction::put, 262'144, 524'288};
    CHECK(*decode_progress(encode_progress(with_gap)) == with_gap);
    OfferProgress gaps = with_gap;
    for (std::uint64_t i = 3; i < 130; ++i)
        gaps.more.push_back({i * 1'000'000, i * 1'000'000 + 5});
    CHECK(gaps.more.size() == control_limits::gaps_at_once - 1);
    CHECK(*decode_progress(encode_progress(gaps)) == gaps);
    gaps.more.push_back({200'000'000, 200'000'001});
    CHECK_FALSE(decode_progress(encode_progress(gaps)));
    for (Gap const& wrong : {Gap{524'288, 600'000}, Gap{300'000, 600'000}, Gap{600'000, 600'000}}) {
        OfferProgress senseless = with_gap;
        senseless.more = {{wrong}};
        CHECK_FALSE(decode_progress(encode_progress(senseless)));
    }
    Refusal const refusal{413, "too-large", "at most 10 bytes"};
    CHECK(*decode_refusal(413, encode_refusal(refusal)) == refusal);
    auto const waiting = decode_waiting(encode_waiting({offer, offer}));
    REQUIRE(waiting);
    CHECK(waiting->size() == 2);
    CHECK(waiting->front() == offer);
    CHECK(decode_waiting(encode_waiting({}))->empty());
}

TEST_CASE("control_message: every truncation is refused") {
    Offer const offer = some_offer();
    Bytes const blob(40, 9);
    Bytes const request = encode_offer_request(offer, ByteSpan(blob));
    for (std::size_t size = 0; size < request.size(); ++size) {
        CHECK_FALSE(decode_offer_request(ByteSpan(request).first(size)));
    }
    Bytes const ping = encode_ping({});
    for (std::size_t size = 0; size < ping.size(); ++size) {
        CHECK_FALSE(decode_ping(ByteSpan(ping).first(size)));
    }
    Bytes const progress = encode_progress({OfferAction::put, 262'144, 524'288});
    for (std::size_t size = 0; size < progress.size(); ++size) {
        CHECK_FALSE(decode_progress(ByteSpan(progress).first(size)));
    }
    Bytes longer = request;
    longer.push_back(0);
    CHECK_FALSE(decode_offer_request(longer));
}

TEST_CASE("control_message: refuses what is out of bounds") {
    Offer const offer = some_offer();
    Bytes const fat(limits::inline_blob_bytes + 1, 9);
    auto const too_large = decode_offer_request(encode_offer_request(offer, ByteSpan(fat)));
    REQUIRE_FALSE(too_large);

    for (std::uint64_t const action : {0ULL, 5ULL, 256ULL}) {
        CAPTURE(action);
        MsgpackWriter out;
        out.map(2).key(1).number(action).key(2).number(0);
        CHECK_FALSE(decode_progress(out.take()));
    }
    for (std::uint64_t const until : {0ULL, 99ULL, 100ULL}) {
        CAPTURE(until);
        MsgpackWriter out;
        out.map(3).key(1).number(1).key(2).number(100).key(3).number(until);
        CHECK_FALSE(decode_progress(out.take()));
    }
    MsgpackWriter text_until;
    text_until.map(3).key(1).number(1).key(2).number(100).key(3).text("200");
    CHECK_FALSE(decode_progress(text_until.take()));
    MsgpackWriter many;
    many.array(control_limits::waiting_offers + 1);
    for (std::size_t i = 0; i <= control_limits::waiting_offers; ++i)
        many.binary(encode_offer(offer));
    CHECK_FALSE(decode_waiting(many.take()));
    MsgpackWriter policy;
    policy.map(4).key(1).binary(Bytes(32)).key(2).flag(true);
    policy.key(3).map(4).key(1).number(1).key(2).number(3).key(3).number(0).key(4).number(1);
    policy.key(4).number(0);
    CHECK_FALSE(decode_ping(policy.take()));
}

TEST_CASE("control_message: what a stranger says can be shown") {
    MsgpackWriter out;
    out.map(2).key(1).text("code").key(2).text("red\x1b[31m\r\nforged line");
    auto const refusal = decode_refusal(403, out.take());
    REQUIRE(refusal);
    CHECK(refusal->reason == "red?[31m??forged line");
    Refusal const ours{500, "io", "\xff\xfe"};
    CHECK(decode_refusal(500, encode_refusal(ours))->reason == "??");
    Refusal const cut{403, "x", std::string(control_limits::reason_octets - 1, 'a') + "\u00fc"};
    CHECK(decode_refusal(403, encode_refusal(cut)));
}

TEST_CASE("control_message: faults become statuses, and statuses faults") {
    struct Row {
        Fault fault;
        unsigned status;
        Fault at_the_caller;
    };

    for (Row const& row : {
             Row{Fault::usage, 400, Fault::refused},
             Row{Fault::config, 400, Fault::refused},
             Row{Fault::corrupt, 422, Fault::corrupt},
             Row{Fault::not_found, 404, Fault::not_found},
             Row{Fault::refused, 403, Fault::refused},
             Row{Fault::untrusted, 403, Fault::refused},
             Row{Fault::too_large, 413, Fault::too_large},
             Row{Fault::no_space, 507, Fault::no_space},
             Row{Fault::unavailable, 503, Fault::unavailable},
             Row{Fault::timed_out, 503, Fault::unavailable},
             Row{Fault::io, 500, Fault::unavailable},
         }) {
        CAPTURE(to_string(row.fault));
        Refusal const refusal = refusal_for({row.fault, "why"});
        CHECK(refusal.status == row.status);
        CHECK(error_for(refusal).fault == row.at_the_caller);
    }
    CHECK(refusal_for({Fault::io, "/home/bob/secret: No such file"}).reason.find("/home") ==
          std::string::npos);
    CHECK(error_for({429, "busy", "later"}).fault == Fault::unavailable);
    CHECK(error_for({401, "unattested", "no"}).fault == Fault::refused);
    CHECK(error_for({403, "code", "reason"}).what == "the other node answered 403: reason (code)");
    CHECK(error_for({403, "", ""}).what == "the other node answered 403");
}
