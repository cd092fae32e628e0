#include "transfer/holdings_message.h"

#include "src/core/limits.h"
#include "src/core/msgpack_codec.h"
#include "src/core/utf8.h"
#include "transfer/control_limits.h"

namespace satchel::transfer {

Bytes encode_holdings(HoldingsPart const& part) {
    MsgpackWriter out;
    out.map(part.next ? 2 : 1).key(1).array(part.holdings.size());
    for (ListedHolding const& one : part.holdings) {
        out.array(5).binary(one.id.bytes).number(one.size).number(one.stored);
        out.text(to_utf8(one.account)).binary(one.label);
    }
    if (part.next) out.key(2).binary(part.next->bytes);
    return out.take();
}

Result<HoldingsPart> decode_holdings(ByteSpan body) {
    auto const value = decode_msgpack(body, control_limits::holdings_bytes);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_map(*value);
    HoldingsPart part;
    for (MsgpackValue const& item : fields.array(1, control_limits::holdings_at_once)) {
        auto nested = MsgpackFields::of_array(item, 5);
        ListedHolding one;
        one.id.bytes = nested.binary_of<32>(0);
        one.size = nested.number(1);
        one.stored = nested.number(2);
        one.account = nested.text(3, limits::address_octets);
        one.label = nested.binary(4, limits::label_bytes);
        if (auto status = nested.status(); !status) return fail(status.error());
        part.holdings.push_back(std::move(one));
    }
    if (fields.has(2)) part.next = ContentId{fields.binary_of<32>(2)};
    if (auto status = fields.status(); !status) return fail(status.error());
    return part;
}

}  // namespace satchel::transfer
