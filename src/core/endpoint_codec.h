// Endpoints inside msgpack: binary of 4 (IPv4) or 16 (IPv6) address bytes and 2 of port,
// big-endian. Bytes: src/core/FORMATS.md, "Endpoint".
#pragma once

#include <vector>

#include "src/core/endpoint.h"
#include "src/core/msgpack_codec.h"

namespace satchel {

/// An array of endpoints. What is no IP address is written empty, and every reader refuses it.
/// `::ffff:a.b.c.d` is written as the IPv4 address that it stands for.
void write_endpoints(MsgpackWriter& out, std::vector<Endpoint> const& endpoints);

/// The array in field `key`: at most limits::endpoints_per_list, each with a port.
std::vector<Endpoint> read_endpoints(MsgpackFields& fields, std::uint64_t key);

}  // namespace satchel
