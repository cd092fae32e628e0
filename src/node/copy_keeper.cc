#include "src/node/copy_keeper.h"

#include <algorithm>

namespace satchel::node {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto look_period = 10min;         // records change, disks are lost
constexpr auto look_again_first = 2s;       // after a vain try, and twice that after the next
constexpr std::uint64_t doublings_max = 4;  // half a minute
constexpr std::size_t blobs_a_step = 500;   // a store of 100,000 is gone through, not taken in
constexpr auto unknown_period = 20s;        // no record yet, or it does not name this node

/// What is counted for several senders together has no address.
std::string sender_of(transfer::Holding const& holding) {
    auto const sender = Address::parse(holding.sender);
    return sender ? sender->text() : "";
}

}  // namespace

Result<std::unique_ptr<CopyKeeper>> CopyKeeper::open(std::filesystem::path const& file,
                                                     World world) {
    auto index = CopyIndex::open(file);
    if (!index) return fail(index.error());
    return std::unique_ptr<CopyKeeper>(new CopyKeeper(std::move(*index), world));
}

void CopyKeeper::start() {
    for (Address const& address : world_.users.addresses())
        users_.emplace(address, User{});
    if (users_.empty()) return;
    asio::co_spawn(
        world_.owner, [this] { return watch(); }, asio::detached);
}

void CopyKeeper::stop() {
    stopped_ = true;
    wake_.notify();
}

/// For most users there is one node, and nothing to look for.
bool CopyKeeper::may_want_copies(Address const& address) const {
    auto const user = users_.find(address);
    if (user == users_.end()) return false;
    if (user->second.wanted > 1) return true;
    auto const& published = world_.publisher.published();
    return std::ranges::any_of(published, [&](Publication const& publication) {
        return publication.address == address && publication.nodes.size() > 1;
    });
}

void CopyKeeper::hurry(Address const& address) {
    User& user = users_.at(address);
    user.next = {};
    user.tries = 0;
    user.again = true;
    wake_.notify();
}

void CopyKeeper::blob_arrived(Offer const& offer) {
    auto const address = world_.users.served(offer.recipient);
    if (!address || !may_want_copies(*address)) return;
    // Whoever of the user's nodes brings it has it.
    if (world_.users.owns({offer.sender_node, std::nullopt}, offer.recipient)) {
        auto note = [this, offer] {
            return index_.note(offer.content_id, offer.recipient, offer.sender_node, {});
        };
        asio::co_spawn(
            world_.owner,
            [this, note]() -> asio::awaitable<void> {
                static_cast<void>(co_await world_.workers.await(note));
            },
            asio::detached);
    }
    hurry(*address);
}

void CopyKeeper::note_presence(transfer::Caller const& caller) {
    for (auto const& [address, user] : users_) {
        bool const own = world_.users.owns({caller.node, std::nullopt}, address_tag(address));
        bool const waited_for = user.tries > 0 || user.next > steady_clock::now() + 30s;
        if (own && waited_for && may_want_copies(address)) hurry(address);
    }
}

void CopyKeeper::plan_next(User& user, bool enough) {
    auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(look_period);
    if (user.wanted == 0) pause = unknown_period;
    if (!enough) pause = look_again_first * (1U << std::min(user.tries, doublings_max));
    user.tries = enough ? 0 : user.tries + 1;
    user.next = user.again ? steady_clock::time_point() : steady_clock::now() + pause;
}

asio::awaitable<void> CopyKeeper::watch() {
    while (!stopped_) {
        for (auto& [address, user] : users_) {
            if (user.next > steady_clock::now()) continue;
            user.again = false;
            bool const enough = co_await look(address);
            if (stopped_) co_return;
            plan_next(user, enough);
        }
        // Only now: something may have come for one that was looked at before another.
        auto next = steady_clock::time_point::max();
        for (auto const& [address, user] : users_)
            next = std::min(next, user.next);
        if (next > steady_clock::now()) co_await wake_.wait_until(next);
    }
}

asio::awaitable<LookupReport> CopyKeeper::resolve(Address address) {
    auto const view = world_.trust.view({});
    if (!view) co_return LookupReport{.address = address, .storage_address = address};
    auto const& published = world_.publisher.published();
    bool const own = std::ranges::any_of(
        published, [&](Publication const& one) { return one.address == address; });
    location::TrustFor trust_for = [&view, own,
                                    this](Address asked) -> asio::awaitable<location::TrustInputs> {
        auto inputs = co_await view->inputs_for(std::move(asked));
        if (own) inputs.pinned = world_.identity.user_public();  // our own word about ourselves
        co_return inputs;
    };
    location::ResolveOptions options;
    LookupReport report = co_await world_.resolver.resolve(address, std::move(trust_for), options);
    co_return report;
}

asio::awaitable<void> CopyKeeper::say_hello(LookupReport const& report) {
    NodeKey const self = world_.identity.node_public();
    for (NodeReport const& node : report.nodes) {
        if (!node.available || node.pull_only || node.node_key == self) continue;
        transfer::Peer peer{node.node_key, node.endpoints};
        peer.own = true;
        static_cast<void>(co_await world_.client.ask_waiting(std::move(peer), std::nullopt));
    }
}

asio::awaitable<bool> CopyKeeper::look(Address address) {
    LookupReport const report = co_await resolve(address);
    User& user = users_.at(address);
    NodeKey const self = world_.identity.node_public();
    bool const named = std::ranges::any_of(
        report.nodes, [&](NodeReport const& node) { return node.node_key == self; });
    if (!report.storage || !report.trusted || !named) co_return true;
    user.wanted = copies_wanted(report);
    if (user.wanted <= 1) co_return true;
    if (!std::exchange(user.looked_at, true)) co_await say_hello(report);
    auto const found = co_await lacking(address, report);
    if (!found) {
        world_.log.warning("copies_unknown", {{"reason", found.error().what}});
        co_return false;
    }
    bool all = true;
    for (Held const& held : *found) {
        if (stopped_) co_return true;
        Status const copied = co_await copy(address, held, report);
        all = all && copied;
    }
    co_return all;
}

asio::awaitable<Result<std::vector<CopyKeeper::Held>>> CopyKeeper::lacking(
    Address address, LookupReport const& report) {
    std::set<NodeKey> nodes;
    for (NodeReport const& node : report.nodes)
        nodes.insert(node.node_key);
    auto find = [this, user = address_tag(address), nodes, wanted = copies_wanted(report)] {
        return find_lacking(user, nodes, wanted);
    };
    co_return co_await world_.workers.await(std::move(find));
}

/// Blocks. Copies on nodes that the record does not name any more don't count.
Result<std::vector<CopyKeeper::Held>> CopyKeeper::find_lacking(AddressTag const& user,
                                                               std::set<NodeKey> const& nodes,
                                                               std::uint64_t wanted) {
    auto known = index_.copies_of(user);
    if (!known) return fail(known.error());
    std::vector<Held> lacking;
    std::set<ContentId> held_here;
    std::optional<ContentId> last;
    for (bool more = true; more;) {
        auto const some = world_.store.list_after(last, blobs_a_step);
        if (!some) return fail(some.error());
        more = some->size() == blobs_a_step;
        for (transfer::HeldBlob const& blob : *some) {
            last = blob.id;
            auto const holding = std::ranges::find_if(
                blob.holdings, [&](transfer::Holding const& one) { return one.recipient == user; });
            if (holding == blob.holdings.end()) continue;
            held_here.insert(blob.id);
            if (blob.set_aside) continue;
            std::set<NodeKey> copies{world_.identity.node_public()};
            std::ranges::set_intersection((*known)[blob.id], nodes,
                                          std::inserter(copies, copies.end()));
            if (copies.size() < wanted)
                lacking.push_back({{blob.id, blob.size, {}}, *holding, std::move(copies)});
        }
    }
    auto const forgotten = index_.forget_all_but(user, held_here);
    if (!forgotten) return fail(forgotten.error());
    return lacking;
}

/// To the first that takes it, and on, until there are enough.
asio::awaitable<Status> CopyKeeper::copy(Address address, Held held, LookupReport const& report) {
    auto open = [this, id = held.blob.id, size = held.blob.size]() -> Result<CarriedBlob> {
        auto file = world_.store.open(id);
        if (!file) return fail(file.error());
        auto layer = world_.store.layer(id);
        if (!layer) return fail(layer.error());
        return CarriedBlob{id, size, std::move(*layer),
                           std::make_shared<UniqueFd>(std::move(*file))};
    };
    auto blob = co_await world_.workers.await(std::move(open));
    if (!blob) co_return fail(blob.error());
    while (held.copies.size() < copies_wanted(report)) {
        auto nodes = report.nodes;
        std::erase_if(nodes,
                      [&](NodeReport const& node) { return held.copies.contains(node.node_key); });
        CarryOrder order{address, sender_of(held.holding), held.holding.grant, held.holding.label,
                         nullptr, report.gateway};
        order.is_copy = true;
        auto const delivered =
            co_await world_.carrier.carry(*blob, std::move(order), std::move(nodes));
        if (!delivered) co_return fail(delivered.error());
        held.copies.insert(delivered->receipt.node);
        auto note = [this, id = held.blob.id, user = held.holding.recipient,
                     receipt = delivered->receipt] {
            return index_.note(id, user, receipt.node, encode_receipt(receipt));
        };
        Status const noted = co_await world_.workers.await(std::move(note));
        if (!noted) co_return noted;
    }
    co_return Status();
}

}  // namespace satchel::node
