#include "tests/support/stock_runner.h"

#include <atomic>

#include <opendht/dhtrunner.h>

#include "dht/opendht_socket.h"

namespace satchel::testing {

struct StockRunner::State {
    ::dht::crypto::Identity identity = ::dht::crypto::generateIdentity("eve", {}, 2048);
    std::shared_ptr<std::atomic<unsigned>> unfinished = std::make_shared<std::atomic<unsigned>>(0);
    ::dht::DhtRunner runner;  // ends first
};

StockRunner::StockRunner(std::uint32_t network, std::vector<Endpoint> const& peers)
    : state_(std::make_unique<State>()) {
    ::dht::DhtRunner::Config config;
    config.dht_config.node_config.network = network;
    config.dht_config.node_config.max_peer_req_per_sec = -1;
    config.dht_config.node_config.max_req_per_sec = -1;
    config.bind4 = location::to_sock_addr({"127.0.0.1", 0});
    state_->runner.run(0, config);
    std::vector<::dht::SockAddr> addresses;
    for (auto const& peer : peers)
        addresses.push_back(location::to_sock_addr(peer));
    state_->runner.bootstrap(addresses);
}

StockRunner::~StockRunner() {
    state_->runner.join();
}

void StockRunner::put(location::RecordPlace const& place, std::uint16_t type, Bytes const& bytes,
                      Signed how) {
    auto value = std::make_shared<::dht::Value>(type, bytes.data(), bytes.size(), place.slot);
    if (how == Signed::by_its_own_key) value->sign(*state_->identity.first);
    ++*state_->unfinished;
    ::dht::DoneCallback on_done = [unfinished = state_->unfinished](bool, auto const&) {
        --*unfinished;
    };
    state_->runner.put(::dht::InfoHash(place.key.bytes.data(), place.key.bytes.size()),
                       std::move(value), std::move(on_done));
}

unsigned StockRunner::unfinished() const {
    return *state_->unfinished;
}

unsigned StockRunner::good_nodes() const {
    return state_->runner.getNodesStats(AF_INET).good_nodes;
}

}  // namespace satchel::testing
