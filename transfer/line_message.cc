#include "transfer/line_message.h"

#include <algorithm>

#include "src/core/msgpack_codec.h"
#include "transfer/control_limits.h"

namespace satchel::transfer {

Result<Bytes> encode_line_answer(LineAnswer const& answer) {
    MsgpackWriter out;
    out.map(2).key(1).array(answer.orders.size());
    for (PullNotice const& order : answer.orders) {
        auto const bytes = encode_pull_notice(order);
        if (!bytes) return fail(bytes.error());
        out.binary(*bytes);
    }
    out.key(2).array(answer.meetings.size());
    for (RelayToken const& token : answer.meetings)
        out.binary(token.bytes);
    return out.take();
}

Result<LineAnswer> decode_line_answer(ByteSpan body) {
    auto const value = decode_msgpack(body, control_limits::small_answer_bytes);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_map(*value);
    LineAnswer answer;
    for (MsgpackValue const& item : fields.array(1, control_limits::line_orders)) {
        auto const* const bytes = std::get_if<Bytes>(&item.content);
        if (bytes == nullptr) return fail(Fault::corrupt, "not a list of orders");
        auto order = decode_pull_notice(*bytes);
        if (!order) return fail(order.error());
        answer.orders.push_back(std::move(*order));
    }
    for (MsgpackValue const& item : fields.optional_array(2, control_limits::line_orders)) {
        auto const* const bytes = std::get_if<Bytes>(&item.content);
        RelayToken token;
        if (bytes == nullptr || bytes->size() != token.bytes.size())
            return fail(Fault::corrupt, "not a list of meetings");
        std::copy(bytes->begin(), bytes->end(), token.bytes.begin());
        answer.meetings.push_back(token);
    }
    if (auto status = fields.status(); !status) return fail(status.error());
    return answer;
}

}  // namespace satchel::transfer
