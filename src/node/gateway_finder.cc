#include "src/node/gateway_finder.h"

#include <netdb.h>
#include <netinet/in.h>

namespace satchel::node {

namespace {

/// Blocks on the resolver.
Result<std::vector<Endpoint>> endpoints_of(std::string const& host_and_port) {
    if (auto const plain = Endpoint::parse(host_and_port)) return std::vector<Endpoint>{*plain};
    auto const colon = host_and_port.rfind(':');
    auto const host = host_and_port.substr(0, colon);
    auto const port = host_and_port.substr(colon + 1);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (int const error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0)
        return fail(Fault::unavailable, host + ": " + ::gai_strerror(error));
    std::vector<Endpoint> endpoints;
    for (addrinfo const* entry = found; entry != nullptr && endpoints.size() < 4;
         entry = entry->ai_next) {
        char name[NI_MAXHOST] = {};
        int const named = ::getnameinfo(entry->ai_addr, entry->ai_addrlen, name, sizeof name,
                                        nullptr, 0, NI_NUMERICHOST);
        std::string const ip = name;
        std::string text = ip.find(':') == std::string::npos ? ip : '[' + ip + ']';
        text.append(1, ':').append(port);
        if (named != 0) continue;
        if (auto endpoint = Endpoint::parse(text)) endpoints.push_back(*endpoint);
    }
    ::freeaddrinfo(found);
    if (endpoints.empty()) return fail(Fault::unavailable, host + " has no address");
    return endpoints;
}

}  // namespace

asio::awaitable<std::optional<GatewayPlace>> GatewayFinder::find(std::string domain) {
    if (!settings_.incoming_gateway.empty() && settings_.incoming_gateway_key)
        co_return GatewayPlace{settings_.incoming_gateway, *settings_.incoming_gateway_key};
    auto const view = trust_.view({});
    if (!view) co_return std::nullopt;
    auto const facts = co_await view->domain_facts(std::move(domain));
    if (facts.gateway.empty() || facts.gateway_keys.empty()) co_return std::nullopt;
    co_return GatewayPlace{facts.gateway, NodeKey(facts.gateway_keys.front())};
}

asio::awaitable<Result<transfer::Peer>> GatewayFinder::reach(GatewayPlace place) {
    auto resolve = [name = place.host_port] { return endpoints_of(name); };
    auto endpoints = co_await workers_.await(std::move(resolve));
    if (!endpoints) co_return fail(endpoints.error());
    transfer::Peer peer{place.key, std::move(*endpoints)};
    peer.own = true;
    co_return peer;
}

}  // namespace satchel::node
