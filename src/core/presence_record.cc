#include "src/core/presence_record.h"

#include "src/core/endpoint_codec.h"
#include "src/core/limits.h"
#include "src/core/msgpack_codec.h"

namespace satchel {

namespace {

constexpr std::uint64_t free_space_class_max = 63;  // floor(log2()) of 64 bits

}  // namespace

Result<Bytes> encode_presence_record(PresenceRecord const& record) {
    if (record.control.size() > limits::endpoints_per_list ||
        record.swarm.size() > limits::endpoints_per_list)
        return fail(Fault::too_large, "a presence names at most 4 endpoints of a kind");
    MsgpackWriter out;
    out.map(5).key(1).flag(record.available);
    write_endpoints(out.key(2), record.control);
    write_endpoints(out.key(3), record.swarm);
    out.key(4).number(record.free_space_class);
    out.key(5).flag(record.pull_only);
    return out.take();
}

Result<PresenceRecord> decode_presence_record(ByteSpan body) {
    auto const value = decode_msgpack(body, limits::presence_record_bytes);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_map(*value);
    PresenceRecord record;
    record.available = fields.flag(1);
    record.control = read_endpoints(fields, 2);
    record.swarm = read_endpoints(fields, 3);
    record.free_space_class = static_cast<std::uint32_t>(fields.number(4, free_space_class_max));
    record.pull_only = fields.flag(5);
    if (auto status = fields.status(); !status) return fail(status.error());
    return record;
}

}  // namespace satchel
