// Where something listens: an IP address and a port. Names are resolved elsewhere, before they
// become one.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "src/base/result.h"

namespace satchel {

struct Endpoint {
    std::string ip;  ///< IPv4 dotted, or IPv6 in canonical text without brackets
    std::uint16_t port = 0;

    /// `192.0.2.1:7473` or `[2001:db8::1]:7473`. Port 0 only where `zero_port` allows it (a port to
    /// be picked).
    enum class ZeroPort { refuse, allow };
    static Result<Endpoint> parse(std::string_view text, ZeroPort zero_port = ZeroPort::refuse);

    std::string to_string() const;
    bool is_loopback() const;
    bool is_unspecified() const;  ///< 0.0.0.0 or ::

    /// Loopback, link-local, private (RFC 1918, RFC 4193), multicast, unspecified: not on the open
    /// Internet.
    bool is_private() const;

    friend auto operator<=>(Endpoint const&, Endpoint const&) = default;
};

}  // namespace satchel
