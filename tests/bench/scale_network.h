// Many real DHT nodes in one process, as the bench of scale needs them: started one after the
// other, found again by index, killed without a word.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <vector>

#include <unistd.h>

#include "dht/opendht_location_service.h"
#include "src/base/sodium_randomness.h"
#include "tests/support/await_on.h"
#include "tests/support/datagram_path.h"

namespace satchel::bench {

class ScaleNetwork {
public:
    using Node = location::OpendhtLocationService;

    /// Each node starts when the one before has found a neighbour; knows three of those before it.
    void grow_to(std::size_t size);

    /// Until every node has joined and has as many good neighbours as keep a value, then `rest`.
    void converge(std::chrono::seconds rest);

    void run_for(std::chrono::milliseconds span);

    /// Of those that live. They go without a word.
    void kill(double share);

    std::size_t size() const { return nodes_.size(); }

    Node& at(std::size_t index) { return *nodes_[index]; }

    bool lives(std::size_t index) const { return nodes_[index] != nullptr; }

    std::size_t living() const;

    /// Index of a living node.
    std::size_t any();

    testing::DatagramCount sent_by(std::size_t index) {
        return path.sent_by(at(index).listening().port);
    }

    testing::DatagramCount received_by(std::size_t index) {
        return path.received_by(at(index).listening().port);
    }

    double good_nodes_on_average();

    testing::DatagramPath path;  ///< outlives io
    /// Another process may take the ports of the dead: the two networks must not become one.
    std::uint32_t const id = static_cast<std::uint32_t>(::getpid());
    asio::io_context io;
    SystemClock clock;
    SystemRandomness randomness;
    EventLog log{STDERR_FILENO, EventLog::Level::warning};
    std::mt19937 dice{20'020'725};

private:
    std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace satchel::bench
