#include "src/core/endpoint.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <arpa/inet.h>

namespace satchel {

namespace {

using V4 = std::array<unsigned char, 4>;
using V6 = std::array<unsigned char, 16>;

struct Range4 {
    V4 network;
    unsigned bits;
};

struct Range6 {
    V6 network;
    unsigned bits;
};

constexpr std::array not_public_4 = {
    Range4{{0, 0, 0, 0}, 8},       // this host, RFC 1122 §3.2.1.3
    Range4{{10, 0, 0, 0}, 8},      // RFC 1918
    Range4{{100, 64, 0, 0}, 10},   // behind a provider's NAT, RFC 6598
    Range4{{127, 0, 0, 0}, 8},     // loopback
    Range4{{169, 254, 0, 0}, 16},  // link-local, RFC 3927
    Range4{{172, 16, 0, 0}, 12},   // RFC 1918
    Range4{{192, 168, 0, 0}, 16},  // RFC 1918
    Range4{{224, 0, 0, 0}, 3},     // multicast, reserved, broadcast
};

constexpr std::array not_public_6 = {
    Range6{{}, 127},           // :: and ::1
    Range6{{0xfc}, 7},         // unique local, RFC 4193
    Range6{{0xfe, 0x80}, 10},  // link-local
    Range6{{0xfe, 0xc0}, 10},  // site-local, RFC 3879
    Range6{{0xff}, 8},         // multicast
};

template <std::size_t N>
bool within(std::array<unsigned char, N> const& ip, std::array<unsigned char, N> const& network,
            unsigned bits) {
    std::size_t const whole = bits / 8;
    if (!std::equal(network.begin(), network.begin() + static_cast<std::ptrdiff_t>(whole),
                    ip.begin()))
        return false;
    unsigned const mask = 0xff00U >> bits % 8 & 0xffU;
    return mask == 0 || (ip[whole] & mask) == (network[whole] & mask);
}

bool read_4(std::string const& ip, V4& out) {
    return inet_pton(AF_INET, ip.c_str(), out.data()) == 1;
}

bool read_6(std::string const& ip, V6& out) {
    return inet_pton(AF_INET6, ip.c_str(), out.data()) == 1;
}

/// The IPv4 address that a socket reaches through `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2).
bool mapped_4(V6 const& ip, V4& out) {
    constexpr V6 prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (!within(ip, prefix, 96)) return false;
    std::copy(ip.begin() + 12, ip.end(), out.begin());
    return true;
}

std::string canonical_6(std::string const& ip) {
    V6 raw{};
    if (!read_6(ip, raw)) return {};
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(AF_INET6, raw.data(), text.data(), text.size());
    return text.data();
}

bool read_port(std::string_view digits, std::uint16_t& port) {
    if (digits.empty() || (digits.size() > 1 && digits.front() == '0')) return false;
    char const* const end = digits.data() + digits.size();
    auto const [last, error] = std::from_chars(digits.data(), end, port);
    return error == std::errc() && last == end;
}

}  // namespace

Result<Endpoint> Endpoint::parse(std::string_view text, ZeroPort zero_port) {
    auto const refused = [text] {
        return fail(Fault::usage, '"' + std::string(text.substr(0, 80)) +
                                      "\" is not an IP address and port such as 192.0.2.1:7473 or "
                                      "[2001:db8::1]:7473");
    };
    auto const colon = text.rfind(':');
    if (colon == std::string_view::npos || text.find('\0') != std::string_view::npos)
        return refused();
    std::string host(text.substr(0, colon));
    Endpoint endpoint;
    if (!read_port(text.substr(colon + 1), endpoint.port)) return refused();
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        endpoint.ip = canonical_6(host.substr(1, host.size() - 2));
        if (endpoint.ip.empty()) return refused();
    } else {
        V4 raw{};
        if (!read_4(host, raw)) return refused();
        endpoint.ip = std::move(host);
    }
    if (endpoint.port == 0 && zero_port == ZeroPort::refuse)
        return fail(Fault::usage, std::string(text) + ": port 0 cannot be dialled");
    return endpoint;
}

std::string Endpoint::to_string() const {
    bool const six = ip.find(':') != std::string::npos;
    return (six ? '[' + ip + ']' : ip) + ':' + std::to_string(port);
}

bool Endpoint::is_loopback() const {
    V4 four{};
    V6 six{};
    if (read_6(ip, six) && !mapped_4(six, four)) return ip == "::1";
    return (read_4(ip, four) || mapped_4(six, four)) && four[0] == 127;
}

bool Endpoint::is_unspecified() const {
    return ip == "0.0.0.0" || ip == "::" || ip == "::ffff:0.0.0.0";
}

bool Endpoint::is_private() const {
    V4 four{};
    V6 six{};
    if (read_4(ip, four) || (read_6(ip, six) && mapped_4(six, four))) {
        return std::any_of(not_public_4.begin(), not_public_4.end(), [&](Range4 const& range) {
            return within(four, range.network, range.bits);
        });
    }
    return std::any_of(not_public_6.begin(), not_public_6.end(),
                       [&](Range6 const& range) { return within(six, range.network, range.bits); });
}

}  // namespace satchel
