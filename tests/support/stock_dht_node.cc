#include "tests/support/stock_dht_node.h"

#include <stdexcept>

#include <opendht/dht.h>

#include "dht/opendht_socket.h"
#include "dht/record_policy.h"

namespace satchel::testing {
namespace {

::dht::InfoHash info_hash(DhtKey const& key) {
    return {key.bytes.data(), key.bytes.size()};
}

void forget_ours(::dht::Dht& dht) {
    for (auto const kind : {RecordKind::storage, RecordKind::presence, RecordKind::pull_notice}) {
        dht.registerType({location::value_type(kind), "", std::chrono::seconds(1),
                          [](auto&&...) { return false; }, [](auto&&...) { return false; }});
    }
}

}  // namespace

struct StockDhtNode::State : std::enable_shared_from_this<StockDhtNode::State> {
    explicit State(asio::io_context& io)
        : timer(io) {}

    void tick(ByteSpan datagram, ::dht::SockAddr from) {
        timer.expires_at(dht->periodic(datagram.data(), datagram.size(), std::move(from),
                                       std::chrono::steady_clock::now()));
        // A wait that is over already can't be cancelled any more, and would find nobody.
        timer.async_wait([weak = weak_from_this()](auto cancelled) {
            auto const self = weak.lock();
            if (!cancelled && self) self->tick({}, {});
        });
    }

    asio::steady_timer timer;
    std::shared_ptr<location::UdpPorts> ports;
    std::unique_ptr<::dht::Dht> dht;
    std::shared_ptr<unsigned> unfinished = std::make_shared<unsigned>(0);
};

StockDhtNode::StockDhtNode(asio::io_context& io, Options options)
    : state_(std::make_shared<State>(io)) {
    auto ports = location::UdpPorts::open(io, {options.ip, 0}, std::move(options.fate));
    if (!ports) throw std::runtime_error(ports.error().what);
    state_->ports = *ports;
    ::dht::Config config;
    config.network = options.network;
    config.node_id = options.id ? info_hash(*options.id) : ::dht::InfoHash::getRandom();
    config.max_peer_req_per_sec = -1;
    config.max_req_per_sec = -1;
    state_->dht =
        std::make_unique<::dht::Dht>(std::make_unique<location::OpendhtSocket>(state_->ports),
                                     config, std::shared_ptr<::dht::Logger>{});
    state_->ports->start(
        [weak = state_->weak_from_this()](ByteSpan datagram, ::dht::SockAddr from) {
            if (auto const self = weak.lock()) self->tick(datagram, std::move(from));
        });
    if (options.withholds) forget_ours(*state_->dht);
    meet(options.peers);
}

void StockDhtNode::meet(std::vector<Endpoint> const& peers) {
    for (auto const& peer : peers)
        state_->dht->pingNode(location::to_sock_addr(peer));
    state_->tick({}, {});
}

StockDhtNode::~StockDhtNode() {
    state_->ports->close();
}

void StockDhtNode::put(location::RecordPlace const& place, Junk junk) {
    auto value =
        std::make_shared<::dht::Value>(junk.type, junk.bytes.data(), junk.bytes.size(), place.slot);
    value->user_type = std::move(junk.user_type);
    ::dht::DoneCallback on_done = [unfinished = state_->unfinished](bool, auto const&) {
        --*unfinished;
    };
    ++*state_->unfinished;
    state_->dht->put(info_hash(place.key), std::move(value), std::move(on_done));
    state_->tick({}, {});
}

unsigned StockDhtNode::unfinished() const {
    return *state_->unfinished;
}

std::vector<Bytes> StockDhtNode::held_at(DhtKey const& key) const {
    std::vector<Bytes> held;
    for (auto const& value : state_->dht->getLocal(info_hash(key)))
        held.emplace_back(value->data.begin(), value->data.end());
    return held;
}

unsigned StockDhtNode::good_nodes() const {
    return state_->dht->getNodesStats(AF_INET).good_nodes;
}

Endpoint StockDhtNode::listening() const {
    return *location::to_endpoint(state_->ports->bound(AF_INET));
}

}  // namespace satchel::testing
