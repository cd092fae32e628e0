#include "transfer/enrolment_message.h"

#include <doctest/doctest.h>

#include "src/core/msgpack_codec.h"
#include "tests/unit/core/samples.h"
#include "transfer/records_message.h"

using namespace satchel;
using namespace satchel::testing;
using namespace satchel::transfer;

namespace {

EnrollRequest sample_request() {
    Address const bob = sample_address();
    UserKey const heir(sample_key("heir").public_key());
    return {bob,
            sample_age(),
            "k7x9m-2p4qd",
            {name_successor(sample_key("old"), bob, heir, sample_age()),
             name_successor(sample_key("older"), bob, heir, sample_age())}};
}

Bytes request_with(std::string_view address, std::size_t age_bytes, std::size_t code_octets,
                   std::size_t words) {
    MsgpackWriter out;
    out.map(4).key(1).text(address).key(2).binary(Bytes(age_bytes));
    out.key(3).text(std::string(code_octets, 'x')).key(4).array(words);
    for (std::size_t i = 0; i < words; ++i)
        out.array(2).binary(Bytes(32)).binary(Bytes(64));
    return out.take();
}

}  // namespace

TEST_CASE("enrolment message: a request comes back as it went") {
    auto const back = decode_enroll_request(encode_enroll_request(sample_request()));
    REQUIRE(back);
    CHECK(back->address == sample_address());
    CHECK(back->age_recipient == sample_age());
    CHECK(back->code == "k7x9m-2p4qd");
    CHECK(back->predecessors == sample_request().predecessors);
}

TEST_CASE("enrolment message: a word is for one address and one pair of keys") {
    Address const bob = sample_address();
    UserKey const heir(sample_key("heir").public_key());
    SuccessorWord const word = sample_request().predecessors.front();
    CHECK(successor_holds(word, bob, heir, sample_age()));
    CHECK_FALSE(successor_holds(word, *Address::parse("eve@b.test"), heir, sample_age()));
    CHECK_FALSE(successor_holds(word, bob, word.old_key, sample_age()));
    AgeRecipient other = sample_age();
    other.bytes[0] = static_cast<Byte>(other.bytes[0] ^ 1U);
    CHECK_FALSE(successor_holds(word, bob, heir, other));
    SuccessorWord const forged{UserKey(sample_key("eve").public_key()), word.signature};
    CHECK_FALSE(successor_holds(forged, bob, heir, sample_age()));
}

TEST_CASE("enrolment message: refuses what it did not write") {
    struct Row {
        char const* why;
        Bytes body;
    };

    REQUIRE(decode_enroll_request(request_with("bob@b.test", 32, 11, 4)));
    for (Row const& row :
         {Row{"address not normal", request_with("Bob@b.test", 32, 0, 0)},
          Row{"age recipient short", request_with("bob@b.test", 31, 0, 0)},
          Row{"code too long", request_with("bob@b.test", 32, 65, 0)},
          Row{"five words", request_with("bob@b.test", 32, 0, 5)}, Row{"nothing", {}}}) {
        CAPTURE(row.why);
        CHECK_FALSE(decode_enroll_request(row.body));
    }
    Bytes const whole = encode_enroll_request(sample_request());
    for (std::size_t at = 0; at < whole.size(); ++at)
        CHECK_FALSE(decode_enroll_request(ByteSpan(whole).first(at)));
}

TEST_CASE("enrolment message: an answer has a binding that holds, or none") {
    CHECK_FALSE(decode_enroll_answer(encode_enroll_answer({}))->grant);
    BindingGrant grant{sample_binding(), {}};
    grant = grant_binding(grant.binding, sample_key("domain"));
    auto const back = decode_enroll_answer(encode_enroll_answer({grant}));
    REQUIRE(back);
    CHECK(back->grant == grant);
    grant.slot_proof[3] = static_cast<Byte>(grant.slot_proof[3] ^ 1U);
    CHECK_FALSE(decode_enroll_answer(encode_enroll_answer({grant})));
}

TEST_CASE("records message: eight at most, each whole") {
    RecordsToKeep keep{sample_address(), {}};
    CHECK(decode_records(encode_records(keep))->records.empty());
    SeededRandomness chance;
    auto const record =
        seal_record(proven(storage_draft()), Bytes(10), sample_seal(), sample_key("user"), chance);
    REQUIRE(record);
    keep.records.assign(8, *record);
    auto const back = decode_records(encode_records(keep));
    REQUIRE(back);
    CHECK(back->records == keep.records);
    keep.records.push_back(*record);
    CHECK_FALSE(decode_records(encode_records(keep)));
    MsgpackWriter out;
    out.map(2).key(1).text("bob@b.test").key(2).array(1).binary(Bytes(1120));
    CHECK_FALSE(decode_records(out.take()));
}
