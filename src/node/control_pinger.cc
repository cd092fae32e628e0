#include "src/node/control_pinger.h"

#include <memory>
#include <optional>

#include "src/core/limits.h"
#include "src/node/within.h"

namespace satchel::node {

asio::awaitable<Status> ControlPinger::ping(NodeKey node, std::vector<Endpoint> endpoints) {
    // A kept connection may lead nowhere by now, and says so only after much longer.
    auto const answered = std::make_shared<std::optional<Result<transfer::PingAnswer>>>();
    std::function<asio::awaitable<void>()> ask =
        [this, answered,
         peer = transfer::Peer{node, std::move(endpoints)}]() -> asio::awaitable<void> {
        *answered = co_await client_.ping(peer);
    };
    co_await wait_within(owner_, std::chrono::milliseconds(limits::ping_timeout_milliseconds),
                         std::move(ask));
    if (!*answered) co_return fail(Fault::timed_out, "none in time");
    auto const& answer = **answered;
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
