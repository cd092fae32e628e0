// The network between the DHT nodes of one process: counts datagrams, and delays, loses or cuts
// them off where a test says so.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>

#include "dht/datagram_fate.h"

namespace satchel::testing {

struct DatagramCount {
    std::uint64_t datagrams = 0;
    std::uint64_t bytes = 0;  ///< payload of UDP
    std::uint64_t requests =
        0;  ///< of the datagrams, those that ask; the others answer or carry parts

    DatagramCount operator-(DatagramCount const& before) const {
        return {datagrams - before.datagrams, bytes - before.bytes, requests - before.requests};
    }

    DatagramCount& operator+=(DatagramCount const& more) {
        datagrams += more.datagrams;
        bytes += more.bytes;
        requests += more.requests;
        return *this;
    }
};

/// Nodes are told apart by port. Outlives the nodes.
class DatagramPath {
public:
    using Port = std::uint16_t;

    location::DatagramFate fate() {
        return [this](Endpoint const& from, Endpoint const& to, ByteSpan datagram) {
            return pass(from.port, to.port, datagram);
        };
    }

    /// One way; half of a round trip.
    void delay_by(std::chrono::microseconds delay) { delay_ = delay; }

    /// Of all datagrams, in [0, 1].
    void lose(double share) { loss_ = share; }

    /// Nothing passes between these and the others until heal().
    void cut_off(std::set<Port> ports) { island_ = std::move(ports); }

    void heal() { island_.clear(); }

    DatagramCount sent_by(Port port) const {
        auto const it = sent_.find(port);
        return it == sent_.end() ? DatagramCount{} : it->second;
    }

    /// Only what was not lost.
    DatagramCount received_by(Port port) const {
        auto const it = received_.find(port);
        return it == received_.end() ? DatagramCount{} : it->second;
    }

    DatagramCount sent() const {
        DatagramCount sum;
        for (auto const& [port, count] : sent_)
            sum += count;
        return sum;
    }

private:
    std::optional<std::chrono::microseconds> pass(Port from, Port to, ByteSpan datagram) {
        DatagramCount const one{1, datagram.size(), is_request(datagram) ? 1U : 0U};
        sent_[from] += one;
        if (island_.contains(from) != island_.contains(to)) return std::nullopt;
        if (loss_ > 0 && chance_(dice_) < loss_) return std::nullopt;
        received_[to] += one;
        return delay_;
    }

    /// OpenDHT's messages are msgpack maps; those with "y": "q" are queries.
    static bool is_request(ByteSpan datagram) {
        constexpr std::array<Byte, 4> query{0xa1, 'y', 0xa1, 'q'};
        return std::search(datagram.begin(), datagram.end(), query.begin(), query.end()) !=
               datagram.end();
    }

    std::chrono::microseconds delay_{0};
    double loss_ = 0;
    std::set<Port> island_;
    std::map<Port, DatagramCount> sent_;
    std::map<Port, DatagramCount> received_;
    std::mt19937 dice_{7473};  // NOLINT(cert-msc51-cpp): the same losses in every run
    std::uniform_real_distribution<double> chance_;
};

}  // namespace satchel::testing
