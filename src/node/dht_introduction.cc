#include "src/node/dht_introduction.h"

#include <algorithm>

namespace satchel::node {

namespace {

constexpr auto pause = std::chrono::seconds(30);
constexpr std::size_t endpoints_per_name = 8;
constexpr std::size_t others_most = 64;

}  // namespace

void DhtIntroduction::start(std::vector<Address> const& addresses, std::vector<Endpoint> own) {
    own_ = std::move(own);
    for (Address const& address : addresses)
        if (!address.is_literal()) domains_.insert(address.domain());
    if (domains_.empty()) return;
    looking_ = true;
    asio::co_spawn(
        timer_.get_executor(), [this] { return look(); }, asio::detached);
}

void DhtIntroduction::stop() {
    stopped_ = true;
    timer_.cancel();
    names_.cancel();
}

asio::awaitable<void> DhtIntroduction::look() {
    while (!stopped_ && !domains_.empty()) {
        std::vector<Endpoint> peers;
        auto const asked = domains_;
        for (std::string const& domain : asked)
            if (co_await look_at(domain, peers)) domains_.erase(domain);
        if (!peers.empty() && !stopped_) {
            found_ = true;
            log_.info("dht_introduced", {{"nodes", std::to_string(peers.size())}});
            location_.call(std::move(peers));
        }
        looking_ = false;  // a first look is worth waiting for, not those after it
        if (stopped_ || domains_.empty()) co_return;
        boost::system::error_code ignored;
        timer_.expires_after(pause);
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

asio::awaitable<void> DhtIntroduction::introduce(std::string domain) {
    bool const needed = !stopped_ && !found_ && others_.size() < others_most;
    if (!needed || !others_.insert(domain).second) co_return;
    std::vector<Endpoint> peers;
    bool const certain = co_await look_at(domain, peers);
    if (!certain) others_.erase(domain);
    if (peers.empty() || stopped_) co_return;
    found_ = true;
    log_.info("dht_introduced", {{"by", domain}, {"nodes", std::to_string(peers.size())}});
    location_.call(std::move(peers));
}

asio::awaitable<bool> DhtIntroduction::look_at(std::string domain, std::vector<Endpoint>& peers) {
    auto const view = trust_.view({});
    if (!view) co_return false;
    auto const facts = co_await view->domain_facts(domain);
    for (HostPort const& at : facts.dht_bootstrap) {
        auto const endpoints = co_await endpoints_of(at);
        for (Endpoint const& endpoint : endpoints)
            if (std::find(own_.begin(), own_.end(), endpoint) == own_.end())
                peers.push_back(endpoint);
    }
    bool const certain = facts.temporary.empty();
    co_return certain;
}

asio::awaitable<std::vector<Endpoint>> DhtIntroduction::endpoints_of(HostPort at) {
    std::vector<Endpoint> endpoints;
    if (auto const literal = Endpoint::parse(at.to_string())) {
        endpoints.push_back(*literal);
        co_return endpoints;
    }
    // Asio asks the system on a thread of its own.
    boost::system::error_code failed;
    auto const found = co_await names_.async_resolve(
        at.host, std::to_string(at.port), asio::redirect_error(asio::use_awaitable, failed));
    if (failed) {
        log_.info("dht_node_unknown", {{"host", at.host}, {"reason", failed.message()}});
        co_return endpoints;
    }
    for (auto const& entry : found) {
        if (endpoints.size() == endpoints_per_name) break;
        auto const ip = entry.endpoint().address();
        std::string const text = ip.is_v6() ? '[' + ip.to_string() + ']' : ip.to_string();
        auto const endpoint = Endpoint::parse(text + ':' + std::to_string(at.port));
        if (endpoint) endpoints.push_back(*endpoint);
    }
    co_return endpoints;
}

}  // namespace satchel::node
