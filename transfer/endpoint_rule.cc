#include "transfer/endpoint_rule.h"

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <optional>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/socket.h>

#include "src/base/bytes.h"
#include "src/base/hex.h"
#include "src/base/unique_fd.h"

namespace satchel::transfer {
namespace {

/// Four bytes for IPv4 and IPv4-mapped IPv6, else sixteen.
using RawAddress = Bytes;

constexpr std::array<Byte, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::optional<RawAddress> raw_address(std::string const& ip) {
    RawAddress raw(4);
    if (inet_pton(AF_INET, ip.c_str(), raw.data()) == 1) return raw;
    raw.resize(16);
    if (inet_pton(AF_INET6, ip.c_str(), raw.data()) != 1) return std::nullopt;
    if (std::equal(mapped_prefix.begin(), mapped_prefix.end(), raw.begin())) {
        return RawAddress(raw.begin() + 12, raw.end());
    }
    return raw;
}

/// Where a translator would take an IPv6 address that has an IPv4 one in it (RFC 6052 §2.1, RFC
/// 3056 §2, RFC 4291 §2.5.5.1): ::1 and :: have none.
RawAddress translated(RawAddress address) {
    if (address.size() != 16) return address;
    auto const inner = [&](std::ptrdiff_t from) {
        return RawAddress(address.begin() + from, address.begin() + from + 4);
    };
    constexpr std::array<Byte, 12> nat64{0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0};
    if (std::equal(nat64.begin(), nat64.end(), address.begin())) return inner(12);
    if (address[0] == 0x20 && address[1] == 0x02) return inner(2);
    bool const compatible =
        std::all_of(address.begin(), address.begin() + 12, [](Byte b) { return b == 0; });
    bool const is_special = address[12] == 0 && address[13] == 0 && address[14] == 0;
    return compatible && !is_special ? inner(12) : address;
}

bool within(RawAddress const& address, RawAddress const& network, unsigned prefix_bits) {
    if (address.size() != network.size() || prefix_bits > 8 * address.size()) return false;
    for (std::size_t i = 0; i < address.size() && prefix_bits > 0; ++i) {
        unsigned const bits = std::min(prefix_bits, 8U);
        auto const mask = static_cast<Byte>(0xff00U >> bits);
        if ((address[i] & mask) != (network[i] & mask)) return false;
        prefix_bits -= bits;
    }
    return true;
}

bool in_any(RawAddress const& address, std::initializer_list<Subnet> networks) {
    return std::any_of(networks.begin(), networks.end(), [&](Subnet const& network) {
        auto const raw = raw_address(network.ip);
        return raw && within(address, *raw, network.prefix_bits);
    });
}

bool is_never_a_peer(RawAddress const& a) {
    return in_any(a,
                  {{"0.0.0.0", 8}, {"224.0.0.0", 4}, {"240.0.0.0", 4}, {"ff00::", 8}, {"::", 128}});
}

bool is_loopback(RawAddress const& a) {
    return in_any(a, {{"127.0.0.0", 8}, {"::1", 128}});
}

bool is_private(RawAddress const& a) {
    // RFC 1918, RFC 6598, RFC 3927; RFC 4193, RFC 4291 §2.5.6, the deprecated site-local ones, and
    // RFC 8215: a translator's in front of networks like these.
    return in_any(a, {{"10.0.0.0", 8},
                      {"172.16.0.0", 12},
                      {"192.168.0.0", 16},
                      {"100.64.0.0", 10},
                      {"169.254.0.0", 16},
                      {"fc00::", 7},
                      {"fe80::", 10},
                      {"fec0::", 10},
                      {"64:ff9b:1::", 48}});
}

unsigned prefix_of(sockaddr const& netmask) {
    RawAddress raw;
    if (netmask.sa_family == AF_INET) {
        auto const& v4 = reinterpret_cast<sockaddr_in const&>(netmask).sin_addr;
        auto const* bytes = reinterpret_cast<Byte const*>(&v4);
        raw.assign(bytes, bytes + sizeof v4);
    } else {
        auto const& v6 = reinterpret_cast<sockaddr_in6 const&>(netmask).sin6_addr;
        raw.assign(std::begin(v6.s6_addr), std::end(v6.s6_addr));
    }
    unsigned bits = 0;
    for (Byte const byte : raw)
        bits += static_cast<unsigned>(std::popcount(byte));
    return bits;
}

std::optional<std::string> text_of_address(sockaddr const& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    void const* raw =
        address.sa_family == AF_INET
            ? static_cast<void const*>(&reinterpret_cast<sockaddr_in const&>(address).sin_addr)
            : &reinterpret_cast<sockaddr_in6 const&>(address).sin6_addr;
    if (inet_ntop(address.sa_family, raw, text.data(), text.size()) == nullptr) return std::nullopt;
    return std::string(text.data());
}

}  // namespace

Status may_dial(Endpoint const& endpoint, EndpointRule const& rule) {
    auto const no = [&](char const* why) {
        return fail(Fault::refused, "not dialling " + endpoint.to_string() + ": " + why);
    };
    auto address = raw_address(endpoint.ip);
    if (!address) return no("not an IP address");
    address = translated(std::move(*address));
    if (endpoint.port == 0) return no("port 0");
    if (is_never_a_peer(*address)) return no("not a peer's address");
    if (rule.allow_private) return {};
    if (is_loopback(*address)) {
        if (rule.listens_on_loopback) return {};
        return no("it is this machine's own loopback address");
    }
    if (!is_private(*address)) return {};
    for (Subnet const& subnet : rule.own_subnets) {
        auto const network = raw_address(subnet.ip);
        if (network && within(*address, *network, subnet.prefix_bits)) return {};
    }
    return no("a private address outside our own networks");
}

std::string caller_of(std::string const& ip) {
    auto const raw = raw_address(ip);
    if (!raw || raw->size() != 16) return ip;
    return "net " + to_hex(ByteSpan(*raw).first(8));
}

Result<std::vector<Subnet>> own_subnets() {
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) return fail(system_error("interfaces"));
    std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> const owner(list, &freeifaddrs);
    std::vector<Subnet> subnets;
    for (ifaddrs const* i = list; i != nullptr; i = i->ifa_next) {
        if (i->ifa_addr == nullptr || i->ifa_netmask == nullptr) continue;
        if ((i->ifa_flags & IFF_UP) == 0 || (i->ifa_flags & IFF_LOOPBACK) != 0) continue;
        auto const family = i->ifa_addr->sa_family;
        if (family != AF_INET && family != AF_INET6) continue;
        if (auto ip = text_of_address(*i->ifa_addr)) {
            subnets.push_back({std::move(*ip), prefix_of(*i->ifa_netmask)});
        }
    }
    return subnets;
}

}  // namespace satchel::transfer
