#include "src/node/swarm_gathering.h"

#include <algorithm>

#include "transfer/route.h"
#include "transfer/swarm_message.h"

namespace satchel::node {

namespace {

/// After the first has joined: who is still being looked up then gets it by itself.
constexpr std::chrono::milliseconds patience{3'000};

/// The node that the blob would go to, if it takes part in swarms.
NodeReport const* swarming_node(std::vector<NodeReport> const& nodes) {
    auto const first = std::ranges::find_if(nodes, &NodeReport::available);
    bool const can = first != nodes.end() && !first->pull_only && !first->swarm.empty();
    return can ? &*first : nullptr;
}

bool on_this_machine(NodeReport const& node) {
    return std::ranges::all_of(node.endpoints, &Endpoint::is_loopback);
}

}  // namespace

std::size_t SwarmGathering::seats_for(BlobCarrier const& carrier, std::uint64_t blob_bytes,
                                      std::size_t recipients) {
    auto const facts = carrier.facts_for(blob_bytes, recipients);
    bool const together = transfer::choose_route(facts) == transfer::Route::swarm;
    return together ? std::min(recipients, transfer::swarm_peers_max) : 0;
}

SwarmGathering::SwarmGathering(asio::io_context& owner, BlobCarrier& carrier,
                               CarriedBlob const& blob, std::size_t seats)
    : owner_(owner)
    , carrier_(carrier)
    , blob_(blob)
    , open_seats_(seats)
    , decided_(owner.get_executor()) {
    if (seats == 0) decided_.set();
}

void SwarmGathering::settle_seat() {
    if (open_seats_ > 0 && --open_seats_ == 0) decide();
}

void SwarmGathering::decide() {
    if (decided_.is_set()) return;
    auto facts = carrier_.facts_for(blob_.bytes, shares_.size());
    facts.near = static_cast<std::size_t>(std::ranges::count_if(
        shares_, [](SharedCarry const& share) { return on_this_machine(share.node); }));
    together_ = transfer::choose_route(facts) == transfer::Route::swarm;
    if (together_) {
        auto all = [self = shared_from_this()] { return self->carry(); };
        asio::co_spawn(owner_, std::move(all), asio::detached);
    }
    decided_.set();
}

asio::awaitable<void> SwarmGathering::decide_in_time() {
    co_await decided_.wait_for(patience);
    decide();
}

asio::awaitable<void> SwarmGathering::carry() {
    co_await carrier_.carry_together(blob_, shares_);
}

asio::awaitable<std::optional<Result<transfer::Delivered>>> SwarmGathering::join(
    Seat seat, CarryOrder order, std::vector<NodeReport> const& nodes) {
    NodeReport const* const node = swarming_node(nodes);
    if (node == nullptr || decided_.is_set()) co_return std::nullopt;
    SharedCarry& share = shares_.emplace_back(
        SharedCarry{order, *node, transfer::AsyncEvent(owner_.get_executor())});
    if (shares_.size() == 1) {
        auto watch = [self = shared_from_this()] { return self->decide_in_time(); };
        asio::co_spawn(owner_, std::move(watch), asio::detached);
    }
    { Seat const taken = std::move(seat); }
    co_await decided_.wait();
    if (!together_) co_return std::nullopt;
    co_await share.settled.wait();
    if (share.delivered) co_return std::optional(*share.delivered);
    co_return co_await carrier_.carry_on(blob_, share);
}

}  // namespace satchel::node
