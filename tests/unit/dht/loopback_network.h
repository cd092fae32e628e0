// Real DHT nodes on loopback, all on one io_context, in a network of their own: the port of a node
// that stopped may be that of another test process's node a moment later.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include <unistd.h>

#include "dht/opendht_location_service.h"
#include "src/base/sodium_randomness.h"
#include "tests/support/await_on.h"
#include "tests/support/datagram_path.h"

namespace satchel::testing {

/// For what takes that long only where it fails.
inline constexpr std::chrono::seconds far_too_long{60};

/// As no other network of this machine has.
inline std::uint32_t unused_network() {
    static std::uint32_t made = 0;
    return (static_cast<std::uint32_t>(::getpid()) << 8U) + made++ % 256;
}

class LoopbackNetwork {
public:
    /// Waits until every node has joined.
    explicit LoopbackNetwork(std::size_t size)
        : LoopbackNetwork() {
        for (std::size_t i = 0; i < size; ++i)
            add();
        settle();
    }

    LoopbackNetwork() = default;

    location::OpendhtLocationService& at(std::size_t index) { return *nodes_.at(index); }

    std::size_t size() const { return nodes_.size(); }

    /// Its peers are the first node and another one.
    location::OpendhtOptions options() {
        location::OpendhtOptions options;
        options.listen = {"127.0.0.1", 0};
        options.network = id;
        options.counts_loopback = counts_loopback;
        options.fate = path.fate();
        if (!nodes_.empty()) {
            options.bootstrap.push_back(nodes_.front()->listening());
            if (nodes_.size() > 2)
                options.bootstrap.push_back(nodes_[nodes_.size() / 2]->listening());
        }
        return options;
    }

    location::OpendhtLocationService& add() { return add(options()); }

    location::OpendhtLocationService& add(location::OpendhtOptions options) {
        return add(std::move(options), clock);
    }

    /// `its_clock` outlives the network.
    location::OpendhtLocationService& add(location::OpendhtOptions options,
                                          Clock const& its_clock) {
        auto node = location::OpendhtLocationService::start(io, std::move(options), its_clock,
                                                            randomness, log);
        if (!node) throw std::runtime_error(node.error().what);
        nodes_.push_back(std::move(*node));
        return *nodes_.back();
    }

    /// What the nodes hold for each other, all together.
    std::size_t copies() const {
        std::size_t sum = 0;
        for (auto const& node : nodes_)
            sum += node->stats().stored_values;
        return sum;
    }

    std::vector<Endpoint> endpoints() const {
        std::vector<Endpoint> all;
        for (auto const& node : nodes_)
            all.push_back(node->listening());
        return all;
    }

    void settle() {
        auto const want = std::min<std::size_t>(8, nodes_.size() - 1);
        auto const settled = [&] {
            return std::all_of(nodes_.begin(), nodes_.end(), [&](auto const& node) {
                auto const stats = node->stats();
                return stats.joined && stats.good_nodes >= want;
            });
        };
        run_until(io, settled, far_too_long);
    }

    std::uint32_t const id = unused_network();

    bool counts_loopback = false;  ///< of nodes that are added from now on
    DatagramPath path;
    asio::io_context io;
    SystemClock clock;
    SystemRandomness randomness;
    EventLog log{STDERR_FILENO, EventLog::Level::warning};

private:
    std::vector<std::unique_ptr<location::OpendhtLocationService>> nodes_;
};

}  // namespace satchel::testing
