#include "transfer/records_message.h"

#include "src/core/address_field.h"
#include "src/core/limits.h"
#include "src/core/msgpack_codec.h"
#include "transfer/control_limits.h"

namespace satchel::transfer {

Bytes encode_records(RecordsToKeep const& keep) {
    MsgpackWriter out;
    out.map(2);
    out.key(1).text(keep.address.text());
    out.key(2).array(keep.records.size());
    for (RecordEnvelope const& record : keep.records)
        out.binary(encode_record(record));
    return out.take();
}

Result<RecordsToKeep> decode_records(ByteSpan body) {
    auto const value = decode_msgpack(body, control_limits::records_bytes);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_map(*value);
    auto address = read_address(fields, 1);
    if (!address) return fail(fields.status().error());
    RecordsToKeep keep{std::move(*address), {}};
    for (MsgpackValue const& item : fields.array(2, control_limits::records_at_once)) {
        auto const* const bytes = std::get_if<Bytes>(&item.content);
        if (bytes == nullptr) return fail(Fault::corrupt, "not a list of records");
        auto record = decode_record(*bytes);
        if (!record) return fail(record.error());
        keep.records.push_back(std::move(*record));
    }
    if (auto status = fields.status(); !status) return fail(status.error());
    return keep;
}

}  // namespace satchel::transfer
