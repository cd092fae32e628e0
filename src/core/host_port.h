// Where a service is to be found, as people write it: a name or an IP address, and a port.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "src/base/result.h"

namespace satchel {

struct HostPort {
    std::string host;  ///< A-labels, or an IP address without brackets
    std::uint16_t port = 0;

    /// `mx.b.test:7473`, `192.0.2.1:7473` or `[2001:db8::1]:7473`. Fault::usage for anything else,
    /// port 0 too.
    static Result<HostPort> parse(std::string_view text);

    std::string to_string() const;

    friend auto operator<=>(HostPort const&, HostPort const&) = default;
};

}  // namespace satchel
