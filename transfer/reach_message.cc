#include "transfer/reach_message.h"

#include "src/core/endpoint_codec.h"
#include "src/core/msgpack_codec.h"
#include "transfer/control_limits.h"

namespace satchel::transfer {

namespace {

constexpr std::size_t ip_octets = 45;  // the longest IPv6 address as text

}  // namespace

Bytes encode_reach_request(ReachRequest const& request) {
    MsgpackWriter out;
    out.map(request.swarm.empty() ? 2 : 3);
    write_endpoints(out.key(1), request.control);
    write_endpoints(out.key(2), request.dht);
    if (!request.swarm.empty()) write_endpoints(out.key(3), request.swarm);
    return out.take();
}

Result<ReachRequest> decode_reach_request(ByteSpan body) {
    auto const value = decode_msgpack(body, control_limits::reach_bytes);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_map(*value);
    ReachRequest request{read_endpoints(fields, 1), read_endpoints(fields, 2)};
    if (fields.has(3)) request.swarm = read_endpoints(fields, 3);
    if (auto status = fields.status(); !status) return fail(status.error());
    return request;
}

Bytes encode_reach_answer(ReachAnswer const& answer) {
    MsgpackWriter out;
    out.map(answer.swarm.empty() ? 3 : 4);
    out.key(1).text(answer.seen_ip);
    write_endpoints(out.key(2), answer.control);
    write_endpoints(out.key(3), answer.dht);
    if (!answer.swarm.empty()) write_endpoints(out.key(4), answer.swarm);
    return out.take();
}

Result<ReachAnswer> decode_reach_answer(ByteSpan body) {
    auto const value = decode_msgpack(body, control_limits::reach_bytes);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_map(*value);
    ReachAnswer answer{fields.text(1, ip_octets), read_endpoints(fields, 2),
                       read_endpoints(fields, 3)};
    if (fields.has(4)) answer.swarm = read_endpoints(fields, 4);
    if (auto status = fields.status(); !status) return fail(status.error());
    bool const six = answer.seen_ip.find(':') != std::string::npos;
    if (!Endpoint::parse((six ? '[' + answer.seen_ip + ']' : answer.seen_ip) + ":1"))
        return fail(Fault::corrupt, "not an IP address");
    return answer;
}

}  // namespace satchel::transfer
