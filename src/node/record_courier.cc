#include "src/node/record_courier.h"

#include <algorithm>

#include "dht/record_policy.h"
#include "transfer/control_limits.h"

namespace satchel::node {

namespace {

using namespace std::chrono_literals;

constexpr auto gathering = 200ms;  // what is signed together travels together
constexpr auto idle = 1h;
constexpr auto again = 20s;

}  // namespace

void RecordCourier::start() {
    asio::co_spawn(
        world_.owner, [this] { return run(); }, asio::detached);
}

void RecordCourier::stop() {
    stopped_ = true;
    wake_.notify();
}

void RecordCourier::take(Address const& address, RecordEnvelope const& record) {
    waiting_.insert_or_assign({address.text(), location::place_of(record)},
                              Parcel{address, record});
    wake_.notify();
}

asio::awaitable<void> RecordCourier::run() {
    while (!stopped_) {
        if (waiting_.empty()) {
            co_await wake_.wait_for(idle);
            continue;
        }
        co_await wake_.wait_for(gathering);
        if (stopped_) break;
        co_await deliver();
        if (!waiting_.empty() && !stopped_) co_await wake_.wait_for(again);
    }
}

asio::awaitable<void> RecordCourier::deliver() {
    std::set<std::string> domains;
    for (auto const& [where, parcel] : waiting_)
        domains.insert(parcel.address.domain());
    for (std::string const& domain : domains) {
        auto const gateway = co_await world_.finder.find(domain);
        if (!gateway || gateway->key == world_.self) {
            std::erase_if(waiting_, [&](auto const& entry) {
                return entry.second.address.domain() == domain;
            });
            continue;
        }
        Status const sent = co_await deliver_to(*gateway, domain);
        bool const news = told_.contains(domain) == sent.has_value();
        if (!sent && news) {
            told_.insert(domain);
            world_.log.warning("records_not_handed_over",
                               {{"domain", domain}, {"reason", sent.error().what}});
        }
        if (sent) told_.erase(domain);
    }
}

asio::awaitable<Status> RecordCourier::deliver_to(GatewayPlace gateway, std::string domain) {
    auto const peer = co_await world_.finder.reach(std::move(gateway));
    if (!peer) co_return fail(peer.error());
    std::set<std::string> addresses;
    for (auto const& [where, parcel] : waiting_)
        if (parcel.address.domain() == domain) addresses.insert(where.first);
    for (std::string const& address : addresses) {
        Status const sent = co_await deliver_of(*peer, address);
        if (!sent) co_return sent;
    }
    co_return Status();
}

/// Those of one address. What the gateway declines is not offered again.
asio::awaitable<Status> RecordCourier::deliver_of(transfer::Peer gateway, std::string address) {
    std::optional<transfer::RecordsToKeep> keep;
    for (auto const& [where, parcel] : waiting_) {
        if (where.first != address) continue;
        if (!keep) keep.emplace(transfer::RecordsToKeep{parcel.address, {}});
        if (keep->records.size() < transfer::control_limits::records_at_once)
            keep->records.push_back(parcel.record);
    }
    if (!keep) co_return Status();
    // The bound one first: it vouches for the others.
    std::ranges::stable_sort(keep->records, [](auto const& a, auto const& b) {
        return std::pair(a.kind, a.self_owned()) < std::pair(b.kind, b.self_owned());
    });
    auto const records = keep->records;
    Status const sent = co_await world_.client.put_records(std::move(gateway), std::move(*keep));
    bool const declined =
        !sent && (sent.error().fault == Fault::not_found || sent.error().fault == Fault::refused);
    if (!sent && !declined) co_return sent;
    if (declined) world_.log.warning("records_declined", {{"reason", sent.error().what}});
    // What was signed meanwhile is newer, and waits on.
    std::erase_if(waiting_, [&](auto const& entry) {
        return entry.first.first == address &&
               std::ranges::find(records, entry.second.record) != records.end();
    });
    co_return Status();
}

}  // namespace satchel::node
