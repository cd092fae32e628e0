#include "src/node/swarm_gathering.h"

#include <algorithm>

#include "transfer/route.h"
#include "transfer/swarm_message.h"

namespace satchel::node {

namespace {

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
    if (open_seats_ == 0 || --open_seats_ > 0) return;
    auto facts = carrier_.facts_for(blob_.bytes, shares_.size());
    facts.near = static_cast<std::size_t>(std::ranges::count_if(
        shares_, [](SharedCarry const& share) { return on_this_machine(share.node); }));
    if (transfer::choose_route(facts) != transfer::Route::swarm) {
        shares_.clear();
        decided_.set();
        return;
    }
    asio::co_spawn(owner_, carry(), asio::detached);
}

asio::awaitable<void> SwarmGathering::carry() {
    co_await carrier_.carry_together(blob_, shares_);
    decided_.set();
}

asio::awaitable<std::optional<Result<transfer::Delivered>>> SwarmGathering::join(
    Seat seat, CarryOrder order, std::vector<NodeReport> const& nodes) {
    NodeReport const* const node = swarming_node(nodes);
    bool const early = open_seats_ > 0;
    if (node == nullptr || !early) co_return std::nullopt;
    std::size_t const index = shares_.size();
    shares_.push_back({order, *node});
    { Seat const taken = std::move(seat); }
    co_await decided_.wait();
    if (shares_.empty()) co_return std::nullopt;
    SharedCarry const& share = shares_[index];
    if (share.delivered) co_return std::optional(*share.delivered);
    if (!share.offer) co_return std::nullopt;
    co_return co_await carrier_.carry_on(blob_, share);
}

}  // namespace satchel::node
