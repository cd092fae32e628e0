#include "transfer/holdings_message.h"

#include <doctest/doctest.h>

#include "src/core/limits.h"
#include "src/core/msgpack_codec.h"
#include "transfer/control_limits.h"

using namespace satchel;
using namespace satchel::transfer;

namespace {

ListedHolding holding(Byte number) {
    ListedHolding one;
    one.id.bytes.fill(number);
    one.size = 70'000;
    one.stored = 1'800'000'000;
    one.account = "alice@a.test";
    one.label = Bytes(300, number);
    return one;
}

HoldingsPart full_part() {
    HoldingsPart part;
    for (std::size_t i = 0; i < control_limits::holdings_at_once; ++i)
        part.holdings.push_back(holding(static_cast<Byte>(i)));
    part.next = part.holdings.back().id;
    return part;
}

}  // namespace

TEST_CASE("holdings message: comes back as it was, and cut short it is refused") {
    CHECK(*decode_holdings(encode_holdings({})) == HoldingsPart{});
    CHECK(*decode_holdings(encode_holdings(full_part())) == full_part());
    HoldingsPart const part{{holding(1), holding(2)}, holding(2).id};
    Bytes const body = encode_holdings(part);
    for (std::size_t size = 0; size < body.size(); ++size)
        CHECK_FALSE(decode_holdings(ByteSpan(body).first(size)));
}

TEST_CASE("holdings message: the largest that are allowed fit") {
    HoldingsPart part = full_part();
    for (ListedHolding& one : part.holdings) {
        one.account = std::string(limits::address_octets, 'a');
        one.label = Bytes(limits::label_bytes, 7);
        one.size = one.stored = ~std::uint64_t{0};
    }
    Bytes const body = encode_holdings(part);
    CHECK(body.size() <= control_limits::holdings_bytes);
    CHECK(*decode_holdings(body) == part);
}

TEST_CASE("holdings message: refuses what is out of bounds") {
    HoldingsPart many = full_part();
    many.holdings.push_back(holding(200));
    HoldingsPart fat{{holding(1)}, {}};
    fat.holdings.front().label = Bytes(limits::label_bytes + 1, 7);
    HoldingsPart wordy{{holding(1)}, {}};
    wordy.holdings.front().account = std::string(limits::address_octets + 1, 'a');
    MsgpackWriter bare;
    bare.map(0);
    MsgpackWriter flat;
    flat.map(1).key(1).array(1).number(7);
    MsgpackWriter short_next;
    short_next.map(2).key(1).array(0).key(2).binary(Bytes(31, 1));

    struct Row {
        char const* why;
        Bytes body;
    };

    for (Row const& row :
         {Row{"too many", encode_holdings(many)}, Row{"a label too long", encode_holdings(fat)},
          Row{"an address too long", encode_holdings(wordy)}, Row{"no list", bare.take()},
          Row{"no holdings in it", flat.take()}, Row{"next is no id", short_next.take()}}) {
        CAPTURE(row.why);
        CHECK_FALSE(decode_holdings(row.body));
    }
}
