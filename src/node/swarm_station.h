// A node's part in swarms: the process, room for what it brings, where others find it, and its
// share of the node's rates.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "src/core/config.h"
#include "src/node/swarm_process.h"
#include "src/node/whereabouts.h"
#include "transfer/swarm_room.h"
#include "transfer/traffic.h"

namespace satchel::node {

/// Owner's thread; what it refers to must outlive it.
class SwarmStation {
public:
    struct World {
        asio::io_context& owner;
        NodeSettings const& settings;
        Endpoint control_listening;
        std::shared_ptr<transfer::Traffic> traffic;  ///< what goes directly
        EventLog const& log;
    };

    /// Starts the process, and does not wait for it.
    explicit SwarmStation(World world);

    /// Blocks a moment, so that a node says at once where its swarm is. `changed` is called
    /// whenever it comes or goes later.
    void wait_until_up(std::function<void()> changed);

    void stop();

    transfer::SwarmRoom const& room() const { return room_; }

    /// Bytes a second that this node may send; 0: not known.
    std::uint64_t uplink() const { return world_.settings.upload_limit; }

    SwarmProcess& swarm() { return process_; }

    SwarmProcess const& swarm() const { return process_; }

    /// Where it listens, in text; "" while it is away.
    std::string where() const;

    /// Where others find it, of a node that can be reached at `control`. None while it is away.
    std::vector<Endpoint> const& endpoints_beside(std::vector<Endpoint> const& control);

    /// The same, as last told.
    std::vector<Endpoint> const& endpoints() const { return endpoints_; }

private:
    void share_rates();

    World world_;
    SwarmProcess process_;
    transfer::SwarmRoom room_;
    std::vector<Endpoint> endpoints_;
    asio::steady_timer timer_;
    transfer::SwarmTraffic seen_;
    transfer::SwarmJobId begun_ = 0;
};

}  // namespace satchel::node
