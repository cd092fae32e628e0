#include "dht/opendht_collect.h"

#include <deque>
#include <map>
#include <set>

#include "dht/opendht_node.h"
#include "dht/record_policy.h"

namespace satchel::location {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto joining_pause = 100ms;
constexpr unsigned asked_at_once = 16;
/// A liar among the nodes names ids that nobody has, or sends ever new values for one.
constexpr unsigned asks_per_value = 2;
constexpr unsigned copies_per_id = 64;
/// OpenDHT compares every id with all that it heard before.
constexpr std::size_t ids_heard_max = 2'048;

using ValuePtr = std::shared_ptr<::dht::Value>;
using Ids = std::deque<::dht::Value::Id>;

/// One enumeration, shared with OpenDHT's callbacks, which may come late or never.
struct Collection {
    Collection(asio::io_context& owner, CollectRequest const& asked_for, std::uint64_t now)
        : wake(owner.get_executor())
        , request(asked_for)
        , now_seconds(now) {}

    WakeUp wake;
    CollectRequest request;
    std::uint64_t now_seconds;
    bool closed = false;  ///< nobody waits any more
    bool listed = false;  ///< no more ids will come
    bool reached_nodes = false;
    std::size_t heard = 0;
    std::set<::dht::Value::Id> named;
    std::deque<Ids> by_reply;  ///< ids not asked for yet: each reply has its turn
    std::size_t asked = 0;
    unsigned running = 0;
    std::map<std::uint64_t, RecordEnvelope> found;  ///< by slot

    bool full() const { return found.size() >= request.values_max; }

    bool may_ask() const {
        return !by_reply.empty() && running < asked_at_once && !full() &&
               asked < request.values_max * asks_per_value;
    }

    bool done() const {
        bool const exhausted = by_reply.empty() || asked >= request.values_max * asks_per_value;
        return full() || (listed && exhausted && running == 0);
    }

    /// One node's reply. False: enough.
    bool hear(std::vector<std::shared_ptr<::dht::FieldValueIndex>> const& reply) {
        heard += reply.size();
        Ids fresh;
        for (auto const& fields : reply) {
            auto const id = fields->index.find(::dht::Value::Field::Id);
            if (id == fields->index.end() || fresh.size() >= request.values_max) continue;
            if (named.insert(id->second.getInt()).second) fresh.push_back(id->second.getInt());
        }
        if (!fresh.empty()) by_reply.push_back(std::move(fresh));
        wake.notify();
        return !closed && heard < ids_heard_max;
    }

    ::dht::Value::Id next_id() {
        Ids reply = std::move(by_reply.front());
        by_reply.pop_front();
        auto const id = reply.front();
        reply.pop_front();
        if (!reply.empty()) by_reply.push_back(std::move(reply));
        return id;
    }

    void consider(::dht::Value const& value, RecordPlace const& place) {
        if (!is_plain(value) || value.type != value_type(place.kind) || value.id != place.slot)
            return;
        auto record = admit_record(place, value.data, now_seconds);
        if (!record) return;
        auto const held = found.find(place.slot);
        if (held == found.end()) {
            if (!full()) found.emplace(place.slot, std::move(*record));
        } else if (supersedes(*record, held->second)) {
            held->second = std::move(*record);
        }
    }
};

/// Asks the nodes near the key which ids they hold. A plain get would ask for them by itself, but
/// then for all values at once, from every node.
void list_ids(OpendhtNode& node, std::shared_ptr<Collection> const& all) {
    ::dht::QueryCallback on_ids = [all](auto const& reply) { return all->hear(reply); };
    ::dht::DoneCallbackSimple on_done = [all](bool ok) {
        all->listed = true;
        all->reached_nodes = all->reached_nodes || ok;
        all->wake.notify();
    };
    all->listed = false;
    bool const asked = node.with_dht([&](::dht::Dht& dht) {
        dht.query(info_hash(all->request.key), std::move(on_ids), std::move(on_done),
                  ::dht::Query(::dht::Select().field(::dht::Value::Field::Id),
                               ::dht::Where().valueType(value_type(all->request.kind))));
    });
    if (!asked) all->listed = true;
}

void ask_for(OpendhtNode& node, std::shared_ptr<Collection> const& all, ::dht::Value::Id id) {
    ++all->asked;
    ++all->running;
    RecordPlace const place{all->request.key, all->request.kind, id};
    auto const copies = std::make_shared<unsigned>(0);
    ::dht::GetCallback on_values = [all, place, copies](std::vector<ValuePtr> const& values) {
        for (auto const& value : values)
            if (!all->closed && value && ++*copies <= copies_per_id) all->consider(*value, place);
        return !all->closed && *copies <= copies_per_id;
    };
    ::dht::DoneCallbackSimple on_done = [all](bool) {
        --all->running;
        all->wake.notify();
    };
    bool const asked = node.with_dht([&](::dht::Dht& dht) {
        dht.get(info_hash(place.key), std::move(on_values), std::move(on_done), {},
                ::dht::Where().id(id));
    });
    if (!asked) --all->running;
}

asio::awaitable<void> run_round(OpendhtNode& node, std::shared_ptr<Collection> all,
                                WakeUp::Ticks until) {
    list_ids(node, all);
    while (!all->done() && !node.stopped() && steady_clock::now() < until) {
        if (all->may_ask())
            ask_for(node, all, all->next_id());
        else
            co_await all->wake.wait_until(until);
    }
}

Result<std::vector<RecordEnvelope>> outcome(OpendhtNode const& node, Collection& all) {
    if (node.stopped()) return fail(Fault::unavailable, "the DHT node is stopping");
    bool const settled = node.joined() || node.alone();
    if (all.found.empty() && !(settled && (all.reached_nodes || node.alone()))) {
        if (settled && all.listed) return fail(Fault::unavailable, "no neighbour in the DHT");
        return fail(Fault::timed_out,
                    settled ? "the DHT did not answer in time" : "still joining the DHT");
    }
    std::vector<RecordEnvelope> records;
    records.reserve(all.found.size());
    for (auto& [slot, record] : all.found)
        records.push_back(std::move(record));
    return records;
}

}  // namespace

asio::awaitable<Result<std::vector<RecordEnvelope>>> collect_from(std::shared_ptr<OpendhtNode> node,
                                                                  CollectRequest request) {
    auto const until = steady_clock::now() + request.patience;
    auto const all =
        std::make_shared<Collection>(node->owner(), request, node->clock().unix_seconds());
    node->wake_at_stop(std::shared_ptr<WakeUp>(all, &all->wake));
    WakeUp pause(node->owner().get_executor());
    for (;;) {
        co_await run_round(*node, all, until);
        bool const asked = node->joined() && all->reached_nodes;
        if (asked || all->full() || node->alone() || node->stopped()) break;
        if (steady_clock::now() + joining_pause >= until) break;
        co_await pause.wait_for(joining_pause);
    }
    all->closed = true;
    co_return outcome(*node, *all);
}

}  // namespace satchel::location
