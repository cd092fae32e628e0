#include "src/node/own_nodes.h"

#include <algorithm>
#include <optional>

#include "dht/wake_up.h"

namespace satchel::node {

namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr auto grace = 200ms;  ///< for the others, where one has answered

}  // namespace

struct OwnNodes::Inquiry {
    Inquiry(asio::io_context& owner, std::size_t nodes)
        : changed(owner.get_executor())
        , answers(nodes) {}

    location::WakeUp changed;
    std::vector<std::optional<Result<BlobHolder>>> answers;

    bool complete() const {
        return std::ranges::all_of(answers, [](auto const& answer) { return answer.has_value(); });
    }

    bool has_holder() const {
        return std::ranges::any_of(answers, [](auto const& answer) { return answer && *answer; });
    }
};

/// Those of this home's that other nodes may store for, as was published from here or from another
/// device of the user's.
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

/// Once each.
asio::awaitable<std::vector<transfer::Peer>> OwnNodes::others() {
    std::vector<transfer::Peer> peers;
    auto const view = world_.trust.view({});
    if (!view) co_return peers;
    NodeKey const self = world_.identity.node_public();
    auto const addresses = addresses_elsewhere();
    for (Address const& address : addresses) {
        location::TrustFor trust_for =
            [&view, this](Address asked) -> asio::awaitable<location::TrustInputs> {
            auto inputs = co_await view->inputs_for(std::move(asked));
            inputs.pinned = world_.identity.user_public();  // our own word about ourselves
            co_return inputs;
        };
        location::ResolveOptions options;
        options.ping = false;  // the question itself tells
        LookupReport const report =
            co_await world_.resolver.resolve(address, std::move(trust_for), options);
        for (NodeReport const& node : report.nodes) {
            bool const known = std::ranges::any_of(
                peers, [&](transfer::Peer const& peer) { return peer.key == node.node_key; });
            if (!node.available || node.node_key == self || known) continue;
            peers.push_back({node.node_key, node.endpoints});
            peers.back().own = true;
        }
    }
    co_return peers;
}

asio::awaitable<void> OwnNodes::ask(std::shared_ptr<Inquiry> inquiry, std::size_t index,
                                    transfer::Peer peer, ContentId id) {
    inquiry->answers[index] = co_await world_.fetcher.find(std::move(peer), id);
    inquiry->changed.notify();
}

asio::awaitable<Result<std::vector<BlobHolder>>> OwnNodes::find(ContentId id) {
    auto const peers = co_await others();
    auto const inquiry = std::make_shared<Inquiry>(world_.owner, peers.size());
    for (std::size_t i = 0; i < peers.size(); ++i)
        asio::co_spawn(world_.owner, ask(inquiry, i, peers[i], id), asio::detached);
    auto grace_ends = SteadyClock::time_point::max();  // from the first holder on
    while (!inquiry->complete()) {
        auto const now = SteadyClock::now();
        if (inquiry->has_holder()) grace_ends = std::min(grace_ends, now + grace);
        if (now >= grace_ends) break;
        co_await inquiry->changed.wait_until(std::min(grace_ends, now + 1h));
    }
    Error last{Fault::not_found, id.short_form() + "… is not stored there"};
    std::vector<BlobHolder> holders;
    for (auto& answer : inquiry->answers) {
        if (answer && *answer) holders.push_back(std::move(**answer));
        if (answer && !*answer && answer->error().fault != Fault::not_found) last = answer->error();
    }
    if (holders.empty()) co_return fail(std::move(last));
    co_return holders;
}

}  // namespace satchel::node
