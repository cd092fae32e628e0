// A node of OpenDHT as it comes, without any policy of ours, on the thread of the nodes that it
// attacks: it stores and serves whatever it likes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dht/datagram_fate.h"
#include "dht/location_service.h"
#include "src/base/asio.h"

namespace satchel::testing {

class StockDhtNode {
public:
    struct Options {
        std::uint32_t network;
        std::vector<Endpoint> peers;  ///< none: it stays alone until meet()
        std::optional<DhtKey> id;     ///< none: a random one
        location::DatagramFate fate;
        bool withholds = false;  ///< takes our records and forgets them
        std::string ip = "127.0.0.1";
    };

    StockDhtNode(asio::io_context& io, Options options);
    ~StockDhtNode();
    StockDhtNode(StockDhtNode const&) = delete;
    StockDhtNode& operator=(StockDhtNode const&) = delete;

    struct Junk {
        std::uint16_t type = 0;
        Bytes bytes;
        std::string user_type;  ///< a field of OpenDHT's that no record of ours has
    };

    /// Begins to put; the value id is the place's slot. unfinished() falls when OpenDHT is through.
    void put(location::RecordPlace const& place, Junk junk);
    unsigned unfinished() const;

    /// What it put before, while alone, it keeps for itself and serves to whoever asks.
    void meet(std::vector<Endpoint> const& peers);

    /// All that this node stores under a key.
    std::vector<Bytes> held_at(DhtKey const& key) const;

    unsigned good_nodes() const;
    Endpoint listening() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace satchel::testing
