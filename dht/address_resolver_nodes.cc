// The nodes that a storage record names: where they are, and whether they answer.
#include <algorithm>

#include "dht/address_search.h"
#include "dht/side_by_side.h"

namespace satchel::location {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto other_nodes_grace = 1s;  // after the first node was found available

}  // namespace

asio::awaitable<Result<PresenceRecord>> AddressResolver::ask_presence(SearchPtr search,
                                                                      StorageNode node) {
    FetchRequest request;
    request.place = {presence_key(node.node_key), RecordKind::presence, slot_id(node.node_key)};
    request.patience = search->patience();
    auto const place = request.place;
    request.judge = [this, node](RecordEnvelope const& envelope) -> Status {
        if (auto newest = seen_.allows(envelope); !newest) return newest;
        auto presence = believe_presence(envelope, node);
        return presence ? Status{} : Status(fail(presence.error()));
    };
    auto const fetched = co_await service_.fetch(std::move(request));
    if (fetched) {
        seen_.remember(*fetched);
        co_return believe_presence(*fetched, node);
    }
    if (fetched.error().fault == Fault::corrupt) co_return fail(fetched.error());
    if (RecordEnvelope const* const seen = seen_.living(place, clock_.unix_seconds()))
        co_return believe_presence(*seen, node);
    if (fetched.error().fault == Fault::not_found)
        co_return fail(Fault::not_found, "not heard of lately: it is off, or was never reached");
    if (worth_retrying(fetched.error().fault)) co_return fail(fetched.error());
    co_return fail(fetched.error().fault, "its presence does not count: " + fetched.error().what);
}

asio::awaitable<void> AddressResolver::ask_ahead(SearchPtr search,
                                                 std::shared_ptr<PresenceAhead> ahead) {
    ahead->answer = co_await ask_presence(search, ahead->node);
    ahead->come.notify();
}

/// Most often the record is still the one seen before: the presences of its nodes are asked for
/// while it is, and count if it names them, by the same secrets.
void AddressResolver::look_ahead(SearchPtr const& search, PublicKey const& owner,
                                 asio::any_io_executor const& executor) {
    auto const now = clock_.unix_seconds();
    RecordPlace const place{search->locator.key, RecordKind::storage, slot_id(owner)};
    RecordEnvelope const* const seen = seen_.living(place, now);
    if (seen == nullptr) return;
    auto const finding =
        believe_storage(*seen, search->locator.seal, search->address, search->trust, now);
    if (!finding || finding->state != StorageFinding::State::stores) return;
    for (StorageNode const& node : finding->record->nodes) {
        auto const ahead = std::make_shared<PresenceAhead>(PresenceAhead{node, WakeUp(executor)});
        search->ahead.insert_or_assign(node.node_key, ahead);
        asio::co_spawn(executor, ask_ahead(search, ahead), asio::detached);
    }
}

asio::awaitable<Result<PresenceRecord>> AddressResolver::presence_of(SearchPtr search,
                                                                     StorageNode node) {
    auto const asked = search->ahead.extract(node.node_key);
    if (asked.empty() || asked.mapped()->node.presence_secret != node.presence_secret)
        co_return co_await ask_presence(search, node);
    auto const ahead = asked.mapped();
    while (!ahead->answer)
        co_await ahead->come.wait_until(WakeUp::Ticks::max());
    co_return std::move(*ahead->answer);
}

asio::awaitable<void> AddressResolver::look_at(SearchPtr search, LooksPtr looks,
                                               std::size_t index) {
    StorageNode const node = looks->nodes[index];
    NodeReport& report = looks->reports[index];
    auto presence = co_await presence_of(search, node);
    std::string reason;
    if (!presence) {
        bool const closed = presence.error().fault == Fault::corrupt;
        looks->stale_secret = looks->stale_secret || closed;
        reason = closed ? "its presence does not open" : presence.error().what;
    } else {
        report.endpoints = presence->control;
        report.swarm = presence->swarm;
        report.pull_only = presence->pull_only;
        if (!presence->available) {
            reason = "it said that it is going offline";
        } else if (presence->control.empty() && !presence->pull_only) {
            reason = "it publishes no endpoint";
        } else if (search->options.ping && presence->pull_only) {
            // Without a gateway nobody can ask it: a fresh presence has to do.
            if (auto gateway = search->report.gateway) {
                auto const answered =
                    co_await pinger_.ping_line(node.node_key, std::move(*gateway));
                if (!answered) reason = answered.error().what;
            }
        } else if (search->options.ping) {
            auto endpoints = presence->control;
            auto const answered = co_await pinger_.ping(node.node_key, std::move(endpoints));
            if (!answered) reason = "no answer to a ping: " + answered.error().what;
        }
    }
    report.available = reason.empty();
    report.reason = std::move(reason);
    looks->available = looks->available || report.available;
}

asio::awaitable<void> AddressResolver::look_at_nodes(SearchPtr search) {
    auto const looks = std::make_shared<Looks>(Looks{.nodes = search->found->record->nodes});
    std::stable_sort(
        looks->nodes.begin(), looks->nodes.end(),
        [](StorageNode const& a, StorageNode const& b) { return a.priority < b.priority; });
    auto const executor = co_await asio::this_coro::executor;
    SideBySide side_by_side(executor);
    for (StorageNode const& node : looks->nodes) {
        NodeReport report;
        report.node_key = node.node_key;
        report.priority = node.priority;
        report.presence_secret = node.presence_secret;
        report.reason = "no answer yet";
        looks->reports.push_back(std::move(report));
    }
    for (std::size_t i = 0; i < looks->nodes.size(); ++i)
        side_by_side.start([this, search, looks, i] { return look_at(search, looks, i); });
    auto const last = search->until + std::chrono::milliseconds(limits::ping_timeout_milliseconds);
    std::optional<WakeUp::Ticks> enough;
    std::function<WakeUp::Ticks()> until = [looks, last, &enough] {
        if (looks->available && !enough) enough = steady_clock::now() + other_nodes_grace;
        return enough ? std::min(*enough, last) : last;
    };
    co_await side_by_side.wait(std::move(until));
    search->report.nodes = looks->reports;
    search->report.available = looks->available;
    search->stale_secret = looks->stale_secret;
    for (NodeReport const& node : search->report.nodes) {
        std::string const good = !search->options.ping ? "present"
                                 : !node.pull_only     ? "present, and it answers"
                                 : search->report.gateway
                                     ? "present, and its gateway answers for it"
                                     : "present, and it fetches what is left for it";
        search->step("node " + node.node_key.short_form() + ": " +
                     (node.available ? good : node.reason));
    }
}

}  // namespace satchel::location
