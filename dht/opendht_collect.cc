#include "dht/opendht_collect.h"

#include <map>

#include "dht/opendht_node.h"
#include "dht/record_policy.h"

namespace satchel::location {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto joining_pause = 100ms;
/// A liar among the nodes may send ever new values; each costs a check.
constexpr std::size_t checks_per_value = 4;

using ValuePtr = std::shared_ptr<::dht::Value>;

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
    bool done = false;
    bool reached_nodes = false;
    std::size_t checked = 0;
    std::map<std::uint64_t, RecordEnvelope> found;  ///< by slot

    bool enough() const {
        return closed || found.size() >= request.values_max ||
               checked >= request.values_max * checks_per_value;
    }

    void consider(::dht::Value const& value) {
        if (enough()) return;
        ++checked;
        RecordPlace const place{request.key, request.kind, value.id};
        if (!is_plain(value) || value.type != value_type(place.kind)) return;
        auto record = admit_record(place, value.data, now_seconds);
        if (!record) return;
        auto const held = found.find(place.slot);
        if (held == found.end())
            found.emplace(place.slot, std::move(*record));
        else if (supersedes(*record, held->second))
            held->second = std::move(*record);
    }
};

void ask(OpendhtNode& node, std::shared_ptr<Collection> const& all) {
    ::dht::GetCallback on_values = [all](std::vector<ValuePtr> const& values) {
        for (auto const& value : values)
            if (value) all->consider(*value);
        return !all->enough();
    };
    ::dht::DoneCallbackSimple on_done = [all](bool ok) {
        all->done = true;
        all->reached_nodes = ok;
        all->wake.notify();
    };
    all->done = false;
    // The nodes list the ids of this type alone: junk of other types is not even asked for. (A
    // query for ids would be cheaper, but OpenDHT 2.4 takes all ids for the same but the first
    // reply's: FieldValueIndex::containedIn compares the names of fields.)
    bool const asked = node.with_dht([&](::dht::Dht& dht) {
        dht.get(info_hash(all->request.key), std::move(on_values), std::move(on_done), {},
                ::dht::Where().valueType(value_type(all->request.kind)));
    });
    if (!asked) all->done = true;
}

Result<std::vector<RecordEnvelope>> outcome(OpendhtNode const& node, Collection& all) {
    if (node.stopped()) return fail(Fault::unavailable, "the DHT node is stopping");
    if (all.found.empty() && !node.alone()) {
        // Before we have joined, the nodes near the key were hardly asked.
        if (!node.joined()) return fail(Fault::timed_out, "still joining the DHT");
        if (!all.done) return fail(Fault::timed_out, "the DHT did not answer in time");
        if (!all.reached_nodes) return fail(Fault::unavailable, "no neighbour in the DHT");
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
        ask(*node, all);
        while (!all->done && !node->stopped() && steady_clock::now() < until)
            co_await all->wake.wait_until(until);
        bool const asked = node->joined() && all->reached_nodes;
        if (asked || all->enough() || node->alone() || node->stopped()) break;
        if (steady_clock::now() + joining_pause >= until) break;
        co_await pause.wait_for(joining_pause);
    }
    all->closed = true;
    co_return outcome(*node, *all);
}

}  // namespace satchel::location
