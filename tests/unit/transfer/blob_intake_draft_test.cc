// Bytes that come before their name, and what a receiver makes of them once they have one.
#include <doctest/doctest.h>

#include "tests/support/control_lab.h"
#include "tests/support/raw_caller.h"
#include "transfer/control_request.h"
#include "transfer/draft_offer.h"

using namespace satchel;
using namespace satchel::transfer;
using namespace satchel::testing;

namespace {

Offer draft_of(ControlLab& lab, Offer const& offer) {
    Offer draft = offer;
    draft.content_id = stand_in_for(offer.sender_node, offer.id);
    draft.grant.clear();
    draft.label.clear();
    return lab.parties.signed_by_user(draft);
}

RawCaller::Heard put_bytes(RawCaller& caller, ContentId const& id, std::string const& bytes,
                           std::uint64_t total) {
    return caller.ask("PUT", blob_path(id),
                      length(bytes.size()) + "Content-Range: bytes 0-" +
                          std::to_string(bytes.size() - 1) + "/" + std::to_string(total) + "\r\n",
                      bytes);
}

}  // namespace

TEST_CASE("blob_intake_draft: bytes may come before their name, and count for nothing until then") {
    ControlLab lab;
    RawCaller caller(lab, lab.parties.sender_node);
    SampleBlob const blob = sample_blob(3'000'000);
    Offer const offer = lab.offer_of(blob);
    Offer const draft = draft_of(lab, offer);
    CHECK(post_offer(caller, draft).status == 202);
    auto const put = put_bytes(caller, draft.content_id, text(blob.bytes), blob.size());
    CHECK(put.status == 202);
    CHECK(decode_progress(bytes_of(put.body))->have == blob.size());
    CHECK(caller.ask("GET", receipt_path(offer.id)).status == 202);
    CHECK_FALSE(lab.holds(blob));
    CHECK(lab.store->list()->empty());
    CHECK(lab.host.arrived.empty());
    SUBCASE("the offer proper brings the receipt") {
        auto const closed = post_offer(caller, offer);
        CHECK(closed.status == 201);
        auto const receipt = decode_receipt(bytes_of(closed.body));
        REQUIRE(receipt);
        CHECK(receipt_holds(*receipt, offer));
        check_whole(*lab.store, blob);
        CHECK(lab.store->usage()->reserved_bytes == 0);
        CHECK(post_offer(caller, offer).status == 200);
    }
    SUBCASE("an offer of something else does not") {
        SampleBlob const other = sample_blob(3'000'000, 2);
        Offer wrong = offer;
        wrong.content_id = other.id();
        CHECK(post_offer(caller, lab.parties.signed_by_user(wrong)).status == 422);
        CHECK(lab.store->list()->empty());
        CHECK(lab.host.arrived.empty());
    }
    SUBCASE("another offer does not find them") {
        Offer another = offer;
        another.id.bytes[0] ^= 1;
        auto const answer = post_offer(caller, lab.parties.signed_by_user(another));
        CHECK(answer.status == 202);
        CHECK(decode_progress(bytes_of(answer.body))->have == 0);
    }
    SUBCASE("nor does one of another size") {
        Offer other = offer;
        ++other.size;
        auto const answer = post_offer(caller, lab.parties.signed_by_user(other));
        CHECK(answer.status == 202);
        CHECK(decode_progress(bytes_of(answer.body))->have == 0);
    }
    SUBCASE("nor does another node") {
        auto const key = SigningKey::generate(lab.parties.chance);
        RawCaller stranger(lab, key);
        Offer theirs = offer;
        theirs.sender_node = NodeKey(key.public_key());
        auto const answer = post_offer(stranger, lab.parties.signed_by_user(theirs));
        CHECK(answer.status == 202);
        CHECK(decode_progress(bytes_of(answer.body))->have == 0);
        CHECK(put_bytes(stranger, draft.content_id, text(blob.bytes), blob.size()).status == 404);
    }
}

TEST_CASE("blob_intake_draft: what came of a draft is gone on with under its name") {
    ControlLab lab;
    RawCaller caller(lab, lab.parties.sender_node);
    SampleBlob const blob = sample_blob(3'000'000);
    Offer const offer = lab.offer_of(blob);
    Offer const draft = draft_of(lab, offer);
    REQUIRE(post_offer(caller, draft).status == 202);
    std::string const all = text(blob.bytes);
    REQUIRE(put_bytes(caller, draft.content_id, all.substr(0, 1'600'000), blob.size()).status ==
            202);
    std::uint64_t const have = 1'600'000;
    auto const answer = post_offer(caller, offer);
    CHECK(answer.status == 202);
    CHECK(decode_progress(bytes_of(answer.body))->have == have);
    std::string const layer = text(blob.tree.layer);
    CHECK(caller.ask("PUT", layer_path(blob.id()), length(layer.size()), layer).status == 202);
    auto const rest = caller.ask("PUT", blob_path(blob.id()),
                                 length(all.size() - have) + "Content-Range: bytes " +
                                     std::to_string(have) + "-2999999/3000000\r\n",
                                 all.substr(have));
    CHECK(rest.status == 201);
    check_whole(*lab.store, blob);
}

TEST_CASE("blob_intake_draft: nothing goes ahead of a name that is known") {
    ControlLab lab;
    RawCaller caller(lab, lab.parties.sender_node);
    SampleBlob const blob = sample_blob(3'000'000);
    Offer const offer = lab.offer_of(blob);
    Offer const draft = draft_of(lab, offer);
    auto const have = [&](RawCaller& by, Offer const& anew) {
        auto const answer = post_offer(by, anew);
        REQUIRE(answer.status == 202);
        return decode_progress(bytes_of(answer.body))->have;
    };
    REQUIRE(post_offer(caller, draft).status == 202);
    REQUIRE(put_bytes(caller, draft.content_id, text(blob.bytes), blob.size()).status == 202);
    SUBCASE("since its blob is held") {
        REQUIRE(post_offer(caller, offer).status == 201);
        CHECK(have(caller, draft) == blob.size());
        CHECK(lab.store->usage()->reserved_bytes == 0);
        CHECK(post_offer(caller, offer).status == 200);
        CHECK(put_bytes(caller, draft.content_id, "x", blob.size()).status == 404);
    }
    SUBCASE("though its blob has been removed") {
        REQUIRE(post_offer(caller, offer).status == 201);
        REQUIRE(lab.store->release(blob.id(), offer.recipient));
        CHECK(have(caller, draft) == blob.size());
        CHECK(have(caller, offer) == 0);
    }
    SUBCASE("but of one that is not the same") {
        REQUIRE(post_offer(caller, offer).status == 201);
        Offer other = draft;
        other.size -= 1;
        CHECK(have(caller, lab.parties.signed_by_user(other)) == 0);
    }
    SUBCASE("but of one by another node") {
        REQUIRE(post_offer(caller, offer).status == 201);
        auto const key = SigningKey::generate(lab.parties.chance);
        RawCaller stranger(lab, key);
        Offer theirs = draft;
        theirs.sender_node = NodeKey(key.public_key());
        theirs.content_id = stand_in_for(theirs.sender_node, theirs.id);
        CHECK(have(stranger, lab.parties.signed_by_user(theirs)) == 0);
    }
}

TEST_CASE("blob_intake_draft: a draft is let in like an offer, or not") {
    ControlLab lab;
    RawCaller caller(lab, lab.parties.sender_node);
    SampleBlob const blob = sample_blob(3'000'000);
    Offer const draft = draft_of(lab, lab.offer_of(blob));
    CHECK(post_offer(caller, draft, blob.view().first(1'000)).status == 400);
    Offer small = draft;
    small.size = 200'000;
    CHECK(post_offer(caller, lab.parties.signed_by_user(small)).status == 403);
    std::string const layer = text(blob.tree.layer);
    lab.host.accept.max_bytes = 1'000'000;
    CHECK(post_offer(caller, draft).status == 413);
    lab.host.accept.max_bytes = 1U << 30U;
    CHECK(post_offer(caller, draft).status == 202);
    CHECK(caller.ask("PUT", layer_path(draft.content_id), length(layer.size()), layer).status ==
          422);
    CHECK(caller.ask("GET", blob_path(draft.content_id)).status == 404);
}
