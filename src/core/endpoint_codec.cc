#include "src/core/endpoint_codec.h"

#include <algorithm>
#include <array>
#include <optional>

#include <arpa/inet.h>

#include "src/core/limits.h"

namespace satchel {

namespace {

constexpr std::array<Byte, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_mapped(ByteSpan ip) {
    return ip.size() == 16 && std::ranges::equal(ip.first(12), mapped_prefix);
}

Bytes address_bytes(std::string const& ip) {
    std::array<Byte, 16> raw{};
    if (inet_pton(AF_INET, ip.c_str(), raw.data()) == 1) return copy_of(ByteSpan(raw).first(4));
    if (inet_pton(AF_INET6, ip.c_str(), raw.data()) != 1) return {};
    return copy_of(is_mapped(raw) ? ByteSpan(raw).subspan(12) : ByteSpan(raw));
}

std::optional<Endpoint> endpoint_from(ByteSpan bytes) {
    if ((bytes.size() != 6 && bytes.size() != 18) || is_mapped(bytes.first(bytes.size() - 2)))
        return std::nullopt;
    ByteSpan const port = bytes.last(2);
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(bytes.size() == 6 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size());
    Endpoint endpoint{text.data(), static_cast<std::uint16_t>(port[0] << 8 | port[1])};
    if (endpoint.port == 0) return std::nullopt;
    return endpoint;
}

}  // namespace

void write_endpoints(MsgpackWriter& out, std::vector<Endpoint> const& endpoints) {
    out.array(endpoints.size());
    for (Endpoint const& endpoint : endpoints) {
        Bytes bytes = address_bytes(endpoint.ip);
        if (!bytes.empty()) {
            bytes.push_back(static_cast<Byte>(endpoint.port >> 8));
            bytes.push_back(static_cast<Byte>(endpoint.port & 0xff));
        }
        out.binary(bytes);
    }
}

std::vector<Endpoint> read_endpoints(MsgpackFields& fields, std::uint64_t key) {
    std::vector<Endpoint> endpoints;
    for (MsgpackValue const& value : fields.array(key, limits::endpoints_per_list)) {
        auto const* const bytes = std::get_if<Bytes>(&value.content);
        auto endpoint = bytes == nullptr ? std::nullopt : endpoint_from(*bytes);
        if (!endpoint) {
            fields.fail_with({Fault::corrupt, "an endpoint that is none"});
            return {};
        }
        endpoints.push_back(std::move(*endpoint));
    }
    return endpoints;
}

}  // namespace satchel
