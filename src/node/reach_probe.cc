#include "src/node/reach_probe.h"

namespace satchel::node {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto pause_per_address = 1s;
constexpr auto dial_patience = 3s;
constexpr unsigned running_most = 8;

}  // namespace

bool ReachProbe::may_ask(std::string const& ip) {
    auto const now = steady_clock::now();
    Ticks const* const before = asked_.find(ip);
    if (running_ >= running_most || (before != nullptr && now - *before < pause_per_address))
        return false;
    asked_.put(ip, now);
    return true;
}

/// A swarm tells a stranger nothing: that the port is open has to do.
asio::awaitable<bool> ReachProbe::takes_connections(Endpoint endpoint) {
    boost::system::error_code failed;
    auto const address = asio::ip::make_address(endpoint.ip, failed);
    if (failed) co_return false;
    auto const socket = std::make_shared<asio::ip::tcp::socket>(world_.owner);
    asio::steady_timer limit(world_.owner, dial_patience);
    limit.async_wait([socket](boost::system::error_code cancelled) {
        boost::system::error_code ignored;
        if (!cancelled) socket->close(ignored);
    });
    co_await socket->async_connect({address, endpoint.port},
                                   asio::redirect_error(asio::use_awaitable, failed));
    limit.cancel();
    co_return !failed;
}

asio::awaitable<Result<transfer::ReachAnswer>> ReachProbe::try_reach(
    transfer::Caller caller, transfer::ReachRequest request) {
    if (!may_ask(caller.ip)) co_return fail(Fault::unavailable, "asked too often; try again soon");
    ++running_;
    transfer::ReachAnswer answer;
    answer.seen_ip = caller.ip;
    for (Endpoint const& endpoint : request.control) {
        if (endpoint.ip != caller.ip) continue;
        // A client of its own each time: a connection that stands already would prove nothing.
        transfer::ControlClient client(world_.owner, world_.workers, world_.tls, world_.rule,
                                       transfer::ClientLimits{});
        transfer::Peer peer{caller.node, {endpoint}};
        if (co_await client.ping(std::move(peer))) answer.control.push_back(endpoint);
        client.stop();
    }
    for (Endpoint const& endpoint : request.dht) {
        if (endpoint.ip != caller.ip || !transfer::may_dial(endpoint, world_.rule)) continue;
        if (co_await world_.location.answers(endpoint)) answer.dht.push_back(endpoint);
    }
    for (Endpoint const& endpoint : request.swarm) {
        if (endpoint.ip != caller.ip || !transfer::may_dial(endpoint, world_.rule)) continue;
        if (co_await takes_connections(endpoint)) answer.swarm.push_back(endpoint);
    }
    --running_;
    co_return answer;
}

}  // namespace satchel::node
