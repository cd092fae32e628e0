#include "mailgw/restore_data.h"

#include "mailgw/mail_text.h"
#include "src/core/msgpack_codec.h"

namespace satchel::mailgw {

namespace {

// FORMATS.md, "Restore data".
enum Key : std::uint64_t {
    key_mode = 1,
    key_header_block = 2,
    key_transfer_encoding = 3,
    key_content_bytes = 4,
    key_content_sha256 = 5,
    key_body_bytes = 6,
    key_body_sha256 = 7,
    key_message_bytes = 8,
    key_message_sha256 = 9,
    key_line_length = 10,
    key_lead = 11,
    key_trailer = 12,
    key_crlf = 13,
};

constexpr std::size_t verbatim_keys = 9;
constexpr std::size_t base64_keys = 13;
constexpr std::size_t encoding_octets_max = 64;

std::string text_field(MsgpackFields& fields, std::uint64_t key, std::size_t octets_max) {
    return std::string(text_of(fields.binary(key, octets_max)));
}

Base64Shape read_shape(MsgpackFields& fields) {
    Base64Shape shape;
    shape.line_length = fields.number(key_line_length);
    shape.lead = text_field(fields, key_lead, lead_octets_max);
    shape.trailer = text_field(fields, key_trailer, lead_octets_max);
    shape.crlf = fields.flag(key_crlf);
    if (!trimmed(shape.lead).empty() || !trimmed(shape.trailer).empty())
        fields.fail_with({Fault::corrupt, "restore data: lead or trailer is not white space"});
    return shape;
}

}  // namespace

Bytes encode_restore_data(RestoreData const& data) {
    bool const shaped = data.mode == RestoreData::Mode::base64;
    MsgpackWriter out;
    out.map(shaped ? base64_keys : verbatim_keys);
    out.key(key_mode).number(static_cast<std::uint64_t>(data.mode));
    out.key(key_header_block).binary(bytes_of(data.header_block));
    out.key(key_transfer_encoding).binary(bytes_of(data.transfer_encoding));
    out.key(key_content_bytes).number(data.content_bytes);
    out.key(key_content_sha256).binary(data.content_sha256);
    out.key(key_body_bytes).number(data.body_bytes);
    out.key(key_body_sha256).binary(data.body_sha256);
    out.key(key_message_bytes).number(data.message_bytes);
    out.key(key_message_sha256).binary(data.message_sha256);
    if (shaped) {
        out.key(key_line_length).number(data.shape.line_length);
        out.key(key_lead).binary(bytes_of(data.shape.lead));
        out.key(key_trailer).binary(bytes_of(data.shape.trailer));
        out.key(key_crlf).flag(data.shape.crlf);
    }
    return out.take();
}

Result<RestoreData> decode_restore_data(ByteSpan bytes) {
    auto const value = decode_msgpack(bytes, restore_data_bytes_max);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_map(*value);
    RestoreData data;
    data.mode = static_cast<RestoreData::Mode>(
        fields.number(key_mode, static_cast<std::uint64_t>(RestoreData::Mode::verbatim)));
    data.header_block = text_field(fields, key_header_block, header_block_octets_max);
    data.transfer_encoding = text_field(fields, key_transfer_encoding, encoding_octets_max);
    data.content_bytes = fields.number(key_content_bytes);
    data.content_sha256 = fields.binary_of<32>(key_content_sha256);
    data.body_bytes = fields.number(key_body_bytes);
    data.body_sha256 = fields.binary_of<32>(key_body_sha256);
    data.message_bytes = fields.number(key_message_bytes);
    data.message_sha256 = fields.binary_of<32>(key_message_sha256);
    if (data.mode == RestoreData::Mode::base64) data.shape = read_shape(fields);
    if (auto status = fields.status(); !status) return fail(status.error());
    return data;
}

}  // namespace satchel::mailgw
