#include "src/node/advertised_endpoints.h"

#include <algorithm>
#include <array>
#include <memory>

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <sys/socket.h>

#include "src/core/limits.h"
#include "transfer/endpoint_rule.h"

namespace satchel::node {

namespace {

struct FreeInterfaces {
    void operator()(ifaddrs* list) const { ::freeifaddrs(list); }
};

std::string numeric(sockaddr const& address) {
    std::array<char, NI_MAXHOST> text{};
    socklen_t const size =
        address.sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    if (::getnameinfo(&address, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0)
        return "";
    return text.data();
}

std::vector<Endpoint> of_interfaces(std::uint16_t port, bool ipv6) {
    ifaddrs* raw = nullptr;
    if (::getifaddrs(&raw) != 0) return {};
    std::unique_ptr<ifaddrs, FreeInterfaces> const list(raw);
    std::vector<Endpoint> reachable;
    std::vector<Endpoint> loopback;
    for (ifaddrs const* each = raw; each != nullptr; each = each->ifa_next) {
        if (each->ifa_addr == nullptr || (each->ifa_flags & IFF_UP) == 0) continue;
        bool const wanted =
            each->ifa_addr->sa_family == AF_INET || (ipv6 && each->ifa_addr->sa_family == AF_INET6);
        if (!wanted) continue;
        std::string const ip = numeric(*each->ifa_addr);
        if (ip.empty() || ip.find('%') != std::string::npos)
            continue;  // link-local: means nothing elsewhere
        Endpoint const endpoint{ip, port};
        (endpoint.is_loopback() ? loopback : reachable).push_back(endpoint);
    }
    auto& chosen = reachable.empty() ? loopback : reachable;
    if (chosen.size() > limits::endpoints_per_list) chosen.resize(limits::endpoints_per_list);
    return chosen;
}

}  // namespace

Result<std::vector<Endpoint>> advertised_endpoints(Endpoint const& listening,
                                                   std::vector<std::string> const& advertise) {
    std::vector<Endpoint> endpoints;
    for (std::string const& text : advertise) {
        auto whole = Endpoint::parse(text);
        bool const bare_ipv6 = text.find(':') != text.rfind(':') && !text.starts_with('[');
        if (!whole) {
            whole = Endpoint::parse((bare_ipv6 ? '[' + text + ']' : text) + ':' +
                                    std::to_string(listening.port));
        }
        if (!whole)
            return fail(Fault::config,
                        "node.advertise: " + text + " is neither an IP address nor IP:PORT");
        endpoints.push_back(*whole);
    }
    if (endpoints.size() > limits::endpoints_per_list)
        return fail(Fault::config, "node.advertise: at most 4");
    if (!endpoints.empty()) return endpoints;
    if (!listening.is_unspecified()) return std::vector<Endpoint>{listening};
    return of_interfaces(listening.port, listening.ip == "::");
}

Result<std::vector<Endpoint>> advertised_endpoints(Endpoint const& listening,
                                                   std::vector<std::string> const& advertise,
                                                   std::vector<std::string> const& seen_ips) {
    auto endpoints = advertised_endpoints(listening, advertise);
    if (!endpoints || !advertise.empty() || !listening.is_unspecified() || seen_ips.empty())
        return endpoints;
    Endpoint const seen{seen_ips.front(), listening.port};
    bool const is_public = transfer::may_dial(seen, {}).has_value();
    if (!is_public || std::ranges::find(*endpoints, seen) != endpoints->end()) return endpoints;
    if (endpoints->size() == limits::endpoints_per_list) endpoints->pop_back();
    endpoints->push_back(seen);
    return endpoints;
}

std::vector<Endpoint> swarm_endpoints_of(std::vector<Endpoint> const& control,
                                         Endpoint const& listening) {
    if (!listening.is_unspecified()) return {listening};
    std::vector<Endpoint> endpoints;
    for (Endpoint const& one : control) {
        bool const ipv6 = one.ip.find(':') != std::string::npos;
        Endpoint const there{one.ip, listening.port};
        bool const known = std::ranges::find(endpoints, there) != endpoints.end();
        if (!known && (listening.ip == "::" || !ipv6)) endpoints.push_back(there);
    }
    return endpoints;
}

}  // namespace satchel::node
