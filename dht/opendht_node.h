// One node of the OpenDHT network on the owner's thread: sockets, timer, policies, joining the
// network and staying in it, and what it remembers over a restart.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include <opendht/dht.h>

#include "dht/location_service.h"
#include "dht/lost_peers.h"
#include "dht/node_state.h"
#include "dht/opendht_location_service.h"
#include "dht/opendht_socket.h"
#include "dht/wake_up.h"

namespace satchel::location {

class OpendhtNode : public std::enable_shared_from_this<OpendhtNode> {
public:
    static Result<std::shared_ptr<OpendhtNode>> open(asio::io_context& owner,
                                                     OpendhtOptions options, Clock const& clock,
                                                     Randomness& randomness, EventLog const& log);

    /// Calls `work` and lets what it asked for leave at once. False when OpenDHT threw (logged) or
    /// the node has stopped.
    bool with_dht(std::function<void(::dht::Dht&)> const& work);

    /// Wakes `waiter` when the node stops, if it still lives then.
    void wake_at_stop(std::weak_ptr<WakeUp> waiter);

    /// More to call, before those known so far.
    void call(std::vector<Endpoint> peers);

    /// `told`: whether it has answered; not called where this node stops first.
    void ping(Endpoint const& peer, std::function<void(bool)> told = {});

    LocationStats stats() const;

    /// Nobody to call, and nobody ever called: this node is the whole network.
    bool alone() const { return callable_.empty() && !met_; }

    bool joined() const { return joined_; }

    bool stopped() const { return !dht_; }

    /// Of pings to neighbours, smoothed.
    std::chrono::microseconds round_trip() const { return round_trip_; }

    void stop();

    Endpoint listening() const;

    asio::io_context& owner() { return owner_; }

    Clock const& clock() const { return clock_; }

private:
    using Ticks = std::chrono::steady_clock::time_point;

    OpendhtNode(asio::io_context& owner, OpendhtOptions options, Clock const& clock,
                Randomness& randomness, EventLog const& log);

    Status begin();
    void load_state();
    void save_state();
    void tick(ByteSpan datagram, ::dht::SockAddr from);
    void schedule(Ticks next);
    static asio::awaitable<void> stay_connected(std::shared_ptr<OpendhtNode> self);
    /// One look at the neighbours; gives the time until the next.
    std::chrono::milliseconds look_after_neighbours();
    void call_peers();
    void call_lost_peers(unsigned known_nodes);
    /// Searches for this node's own id and for a random key: how a routing table fills. Once joined
    /// it calls one of the peers we began with, too.
    void look_around();

    asio::io_context& owner_;
    OpendhtOptions options_;
    Clock const& clock_;
    Randomness& randomness_;
    EventLog const& log_;

    std::shared_ptr<UdpPorts> ports_;
    std::unique_ptr<::dht::Dht> dht_;  ///< none once stopped
    asio::steady_timer timer_;
    Ticks armed_{};
    WakeUp wake_;
    std::vector<std::weak_ptr<WakeUp>> waiters_;

    NodeState state_;
    std::vector<Endpoint> callable_;  ///< bootstrap and remembered peers
    bool met_ = false;
    bool joined_ = false;
    unsigned last_good_ = 0;
    unsigned known_most_ = 0;    ///< neighbours at most, since the last loss was dealt with
    bool calling_lost_ = false;  ///< since more than a quarter of them stopped answering
    std::size_t next_called_ = 0;
    LostPeers lost_;
    unsigned steady_looks_ = 0;  ///< in a row, with the same number of neighbours
    Ticks started_{};
    Ticks next_call_{};
    Ticks next_look_around_{};
    Ticks next_save_{};
    Ticks next_lost_call_{};
    std::chrono::milliseconds look_around_pause_{};
    std::chrono::microseconds round_trip_{20'000};
};

/// While it lives, what OpenDHT does on this thread stores nothing of a type that is not
/// registered.
class UnnamedTypesRefused {
public:
    UnnamedTypesRefused();
    UnnamedTypesRefused(UnnamedTypesRefused const&) = delete;
    UnnamedTypesRefused& operator=(UnnamedTypesRefused const&) = delete;
    ~UnnamedTypesRefused();

private:
    bool before_;
};

/// Of the 65,536 value types admits ours under record_policy, and pull notices within their quota;
/// the others are refused wherever `UnnamedTypesRefused` stands around what `dht` does. `clock`
/// outlives `dht`. `counts_loopback`: see OpendhtOptions.
void install_policies(::dht::Dht& dht, Clock const& clock, bool counts_loopback);

/// The place that an OpenDHT value of type `type` at (key, id) claims; none for foreign types.
std::optional<RecordPlace> opendht_place(::dht::InfoHash const& key, ::dht::Value const& value);

inline ::dht::InfoHash info_hash(DhtKey const& key) {
    return {key.bytes.data(), key.bytes.size()};
}

/// No signature, encryption or user type of OpenDHT's own: those stand outside our policies.
bool is_plain(::dht::Value const& value);

}  // namespace satchel::location
