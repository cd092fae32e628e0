#include "src/node/own_nodes.h"

#include <algorithm>
#include <map>
#include <ranges>
#include <set>

#include "dht/side_by_side.h"

namespace satchel::node {

namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr auto grace = 200ms;  ///< for the others, where one has answered

}  // namespace

/// What no address or node is waited for any longer goes on by itself, and nobody reads its answer.
struct OwnNodes::Inquiry {
    explicit Inquiry(asio::io_context& owner)
        : all(owner.get_executor()) {}

    location::SideBySide all;
    std::set<NodeKey> asked;
    std::map<std::pair<std::size_t, std::size_t>, Result<BlobHolder>> answers;  ///< by priority
    SteadyClock::time_point ends = SteadyClock::time_point::max();
};

/// Those of this home's that other nodes may store for: the user's other devices may have published
/// what this one has not.
std::vector<Address> OwnNodes::addresses_elsewhere() const {
    NodeKey const self = world_.identity.node_public();
    auto const published = world_.publisher.published();
    auto addresses = world_.identity.addresses;
    for (Publication const& publication : published) {
        std::erase(addresses, publication.address);
        bool const elsewhere = std::ranges::any_of(
            publication.nodes, [&](StorageNode const& node) { return node.node_key != self; });
        if (elsewhere) addresses.push_back(publication.address);
    }
    return addresses;
}

asio::awaitable<std::vector<transfer::Peer>> OwnNodes::nodes_of(Address address) {
    std::vector<transfer::Peer> peers;
    auto const view = world_.trust.view({});
    if (!view) co_return peers;
    location::TrustFor trust_for = [&view,
                                    this](Address asked) -> asio::awaitable<location::TrustInputs> {
        auto inputs = co_await view->inputs_for(std::move(asked));
        inputs.pinned = world_.identity.user_public();  // our own word about ourselves
        co_return inputs;
    };
    location::ResolveOptions options;
    options.ping = false;  // the question itself tells
    LookupReport const report =
        co_await world_.resolver.resolve(std::move(address), std::move(trust_for), options);
    for (NodeReport const& node : report.nodes) {
        if (!node.available || node.node_key == world_.identity.node_public()) continue;
        peers.push_back({node.node_key, node.endpoints});
        peers.back().own = true;
    }
    co_return peers;
}

/// Once each. Side by side: an address that was never published takes a search's whole patience.
asio::awaitable<std::vector<transfer::Peer>> OwnNodes::others() {
    auto const addresses = addresses_elsewhere();
    auto const found = std::make_shared<std::vector<std::vector<transfer::Peer>>>(addresses.size());
    location::SideBySide searches(world_.owner.get_executor());
    for (std::size_t i = 0; i < addresses.size(); ++i)
        searches.start([this, found, i, address = addresses[i]]() -> asio::awaitable<void> {
            (*found)[i] = co_await nodes_of(address);
        });
    auto never = [] { return SteadyClock::now() + 1h; };
    co_await searches.wait(std::move(never));
    std::vector<transfer::Peer> peers;
    for (transfer::Peer& peer : *found | std::views::join) {
        bool const known = std::ranges::any_of(
            peers, [&](transfer::Peer const& other) { return other.key == peer.key; });
        if (!known) peers.push_back(std::move(peer));
    }
    co_return peers;
}

asio::awaitable<void> OwnNodes::look(std::shared_ptr<Inquiry> inquiry, std::size_t place,
                                     Address address, ContentId id) {
    auto const nodes = co_await nodes_of(std::move(address));
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (!inquiry->asked.insert(nodes[i].key).second) continue;
        std::pair const rank(place, i);
        inquiry->all.start(
            [this, inquiry, rank, peer = nodes[i], id] { return ask(inquiry, rank, peer, id); });
    }
}

asio::awaitable<void> OwnNodes::ask(std::shared_ptr<Inquiry> inquiry,
                                    std::pair<std::size_t, std::size_t> rank, transfer::Peer peer,
                                    ContentId id) {
    auto answer = co_await world_.fetcher.find(std::move(peer), id);
    if (answer) inquiry->ends = std::min(inquiry->ends, SteadyClock::now() + grace);
    inquiry->answers.emplace(rank, std::move(answer));
}

asio::awaitable<Result<std::vector<BlobHolder>>> OwnNodes::find(ContentId id) {
    auto const addresses = addresses_elsewhere();
    auto const inquiry = std::make_shared<Inquiry>(world_.owner);
    for (std::size_t i = 0; i < addresses.size(); ++i)
        inquiry->all.start([this, inquiry, i, address = addresses[i], id] {
            return look(inquiry, i, address, id);
        });
    auto until = [inquiry] { return std::min(inquiry->ends, SteadyClock::now() + 1h); };
    co_await inquiry->all.wait(std::move(until));
    Error last{Fault::not_found, id.short_form() + "… is not stored there"};
    std::vector<BlobHolder> holders;
    for (auto& [rank, answer] : inquiry->answers) {
        if (answer) holders.push_back(std::move(*answer));
        if (!answer && answer.error().fault != Fault::not_found) last = answer.error();
    }
    if (holders.empty()) co_return fail(std::move(last));
    co_return holders;
}

}  // namespace satchel::node
