#include "src/node/control_pinger.h"

namespace satchel::node {

asio::awaitable<Status> ControlPinger::ping(NodeKey node, std::vector<Endpoint> endpoints) {
    transfer::Peer peer{node, std::move(endpoints)};
    auto const answer = co_await client_.ping(std::move(peer));
    if (!answer) co_return fail(answer.error());
    if (!answer->available) co_return fail(Fault::unavailable, "it takes nothing now");
    co_return Status();
}

asio::awaitable<Status> ControlPinger::ping_line(NodeKey node, GatewayPlace gateway) {
    if (gateway.key == self_) co_return co_await lines_.ping(node);
    auto peer = co_await finder_.reach(std::move(gateway));
    if (!peer) co_return fail(peer.error());
    peer->own = false;
    co_return co_await client_.ping_line(std::move(*peer), node);
}

}  // namespace satchel::node
