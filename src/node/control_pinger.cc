#include "src/node/control_pinger.h"

namespace satchel::node {

asio::awaitable<Status> ControlPinger::ping(NodeKey node, std::vector<Endpoint> endpoints) {
    transfer::Peer peer{node, std::move(endpoints)};
    auto const answer = co_await client_.ping(std::move(peer));
    if (!answer) co_return fail(answer.error());
    if (!answer->available) co_return fail(Fault::unavailable, "it takes nothing now");
    co_return Status();
}

}  // namespace satchel::node
