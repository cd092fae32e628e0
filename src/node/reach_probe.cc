#include "src/node/reach_probe.h"

namespace satchel::node {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto pause_per_address = 1s;
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
    --running_;
    co_return answer;
}

}  // namespace satchel::node
