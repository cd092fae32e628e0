#include "src/core/storage_record.h"

#include <algorithm>

#include "src/core/address_field.h"
#include "src/core/host_port.h"
#include "src/core/limits.h"
#include "src/core/msgpack_codec.h"
#include "src/core/record_envelope.h"

namespace satchel {

namespace {

// Keys of the body.
enum BodyKey : std::uint64_t {
    address_key = 1,
    age_key,
    nodes_key,
    accept_key,
    binding_key,
    gateway_key,
    page_key
};

/// While epoch and times stay below 2^32 (FORMATS.md): sealing has the last word.
constexpr std::size_t body_bytes = 822;

constexpr std::size_t port_octets = 6;  // ":65535"

/// The page goes into placeholders word for word.
bool is_page(std::string_view page) {
    constexpr std::string_view scheme = "https://";
    constexpr std::string_view foreign = "\"<>\\^`{|}";  // RFC 3986: in no URL
    if (page.empty()) return true;
    return page.starts_with(scheme) && page.size() > scheme.size() &&
           std::ranges::all_of(page, [&](char c) {
               return c > ' ' && c < 0x7f && foreign.find(c) == std::string_view::npos;
           });
}

void write_node(MsgpackWriter& out, StorageNode const& node) {
    out.map(3).key(1).binary(node.node_key.bytes);
    out.key(2).number(node.priority);
    out.key(3).binary(node.presence_secret);
}

Result<StorageNode> read_node(MsgpackValue const& value) {
    auto fields = MsgpackFields::of_map(value);
    StorageNode const node{NodeKey(PublicKey{fields.binary_of<32>(1)}), fields.number32(2),
                           fields.binary_of<32>(3)};
    if (auto status = fields.status(); !status) return fail(status.error());
    return node;
}

void write_policy(MsgpackWriter& out, AcceptPolicy const& accept) {
    out.map(4).key(1).number(accept.max_bytes);
    out.key(2).number(static_cast<std::uint64_t>(accept.from));
    out.key(3).number(accept.min_bytes);
    out.key(4).number(accept.min_copies);
}

Result<AcceptPolicy> read_policy(MsgpackValue const& value) {
    auto fields = MsgpackFields::of_map(value);
    AcceptPolicy const accept{
        fields.number(1),
        static_cast<AcceptFrom>(fields.number(2, static_cast<std::uint64_t>(AcceptFrom::contacts))),
        fields.number(3), fields.number(4)};
    if (auto status = fields.status(); !status) return fail(status.error());
    return accept;
}

void write_binding(MsgpackWriter& out, Binding const& binding) {
    out.map(3).key(1).number(binding.issued);
    out.key(2).text(binding.subaddress);
    out.key(3).binary(binding.signature);
}

Result<Binding> read_binding(MsgpackValue const& value, StorageRecord const& record,
                             EnvelopeFacts const& envelope) {
    auto fields = MsgpackFields::of_map(value);
    Binding binding{record.address,        envelope.signer,     record.age_recipient,
                    fields.text(2, 1),     envelope.slot_epoch, fields.number(1),
                    envelope.slot_expires, envelope.slot_owner, fields.binary_of<64>(3)};
    if (!binding.subaddress.empty() && binding.subaddress != "+")
        fields.fail_with({Fault::corrupt, "an unknown subaddress rule"});
    if (auto status = fields.status(); !status) return fail(status.error());
    return binding;
}

void write_gateway(MsgpackWriter& out, GatewayPlace const& gateway) {
    out.map(2).key(1).text(gateway.host_port);
    out.key(2).binary(gateway.key.bytes);
}

Result<GatewayPlace> read_gateway(MsgpackValue const& value) {
    auto fields = MsgpackFields::of_map(value);
    GatewayPlace gateway{fields.text(1, limits::gateway_host_octets + port_octets),
                         NodeKey(PublicKey{fields.binary_of<32>(2)})};
    if (!HostPort::parse(gateway.host_port))
        fields.fail_with({Fault::corrupt, "a gateway that is no host and port"});
    if (auto status = fields.status(); !status) return fail(status.error());
    return gateway;
}

Status check_bounds(StorageRecord const& record) {
    if (record.nodes.size() > limits::storage_nodes)
        return fail(Fault::too_large, "a record names at most 3 storage nodes");
    if (record.page.size() > limits::page_octets)
        return fail(Fault::too_large, "a page has at most 64 octets");
    if (record.gateway &&
        record.gateway->host_port.size() > limits::gateway_host_octets + port_octets)
        return fail(Fault::too_large, "a gateway's host has at most 64 octets");
    if (record.gateway && !HostPort::parse(record.gateway->host_port))
        return fail(Fault::usage, "a gateway is given as HOST:PORT");
    if (!is_page(record.page)) return fail(Fault::usage, "a page is an https:// address");
    if (record.binding && (record.binding->address != record.address ||
                           record.binding->age_recipient != record.age_recipient))
        return fail(Fault::usage, "the binding is of another address or age recipient");
    return {};
}

Status read_nodes(MsgpackFields& fields, StorageRecord& record) {
    for (MsgpackValue const& value : fields.array(nodes_key, limits::storage_nodes)) {
        auto const node = read_node(value);
        if (!node) return fail(node.error());
        record.nodes.push_back(*node);
    }
    return fields.status();
}

}  // namespace

Result<Bytes> encode_storage_record(StorageRecord const& record) {
    if (auto status = check_bounds(record); !status) return fail(status.error());
    MsgpackWriter out;
    out.map(5U + (record.binding ? 1U : 0U) + (record.gateway ? 1U : 0U));
    out.key(address_key).text(record.address.text());
    out.key(age_key).binary(record.age_recipient.bytes);
    out.key(nodes_key).array(record.nodes.size());
    for (StorageNode const& node : record.nodes)
        write_node(out, node);
    write_policy(out.key(accept_key), record.accept);
    if (record.binding) write_binding(out.key(binding_key), *record.binding);
    if (record.gateway) write_gateway(out.key(gateway_key), *record.gateway);
    out.key(page_key).text(record.page);
    Bytes body = out.take();
    if (body.size() > body_bytes)
        return fail(Fault::too_large, "the storage record is over its bound");
    return body;
}

Result<StorageRecord> decode_storage_record(ByteSpan body, EnvelopeFacts const& envelope) {
    auto const value = decode_msgpack(body, limits::storage_record_bytes);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_map(*value);
    auto address = read_address(fields, address_key);
    if (!address) return fail(fields.status().error());
    StorageRecord record{.address = std::move(*address),
                         .age_recipient = AgeRecipient{fields.binary_of<32>(age_key)},
                         .nodes = {},
                         .accept = {},
                         .binding = std::nullopt,
                         .page = fields.text(page_key, limits::page_octets)};
    if (auto nodes = read_nodes(fields, record); !nodes) return fail(nodes.error());
    if (MsgpackValue const* const accept = fields.value(accept_key)) {
        auto const policy = read_policy(*accept);
        if (!policy) return fail(policy.error());
        record.accept = *policy;
    }
    // After a failure there are no values to be had, whatever keys are there.
    if (auto status = fields.status(); !status) return fail(status.error());
    bool const self_owned = envelope.slot_owner.bytes == envelope.signer.bytes;
    if (fields.has(binding_key) && !self_owned) {
        auto binding = read_binding(*fields.value(binding_key), record, envelope);
        if (!binding) return fail(binding.error());
        record.binding = std::move(*binding);
    }
    if (fields.has(gateway_key)) {
        auto gateway = read_gateway(*fields.value(gateway_key));
        if (!gateway) return fail(gateway.error());
        record.gateway = std::move(*gateway);
    }
    if (!is_page(record.page)) fields.fail_with({Fault::corrupt, "a page that is no https URL"});
    if (auto status = fields.status(); !status) return fail(status.error());
    return record;
}

}  // namespace satchel
