#include "src/core/host_port.h"

#include <algorithm>

#include "src/core/address.h"
#include "src/core/endpoint.h"

namespace satchel {

namespace {

constexpr std::size_t host_port_octets = 253 + 1 + 5;  // RFC 1035 §2.3.4, colon, port

tl::unexpected<Error> not_one() {
    return fail(Fault::usage, "\"HOST:PORT\" is wanted");
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

Result<HostPort> HostPort::parse(std::string_view text) {
    if (text.size() > host_port_octets) return not_one();
    if (auto endpoint = Endpoint::parse(text))
        return HostPort{std::move(endpoint->ip), endpoint->port};
    auto const colon = text.rfind(':');
    if (colon == std::string_view::npos) return not_one();
    auto const digits = text.substr(colon + 1);
    if (digits.empty() || digits.size() > 5 || digits.front() == '0' ||
        !std::all_of(digits.begin(), digits.end(), is_digit))
        return not_one();
    unsigned port = 0;
    for (char const c : digits)
        port = port * 10 + static_cast<unsigned>(c - '0');
    auto host = normal_domain(text.substr(0, colon));
    // What ends in a number would be an IP address, and a good one was taken above.
    if (!host || port > 65'535 || is_digit(host->back())) return not_one();
    return HostPort{std::move(*host), static_cast<std::uint16_t>(port)};
}

std::string HostPort::to_string() const {
    bool const six = host.find(':') != std::string::npos;
    return (six ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

}  // namespace satchel
