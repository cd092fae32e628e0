// Where this node can be dialled, and that it moves: the kernel tells when an address of this
// machine comes or goes (rtnetlink(7)), the DHT's neighbours tell where they see us.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "dht/wake_up.h"
#include "src/base/asio.h"
#include "src/base/result.h"
#include "src/core/config.h"
#include "src/core/endpoint.h"
#include "transfer/endpoint_rule.h"

namespace satchel::node {

/// What may be dialled from where this machine stands now.
transfer::EndpointRule dialling_rule(NodeSettings const& settings, Endpoint const& listening);

/// Owner's thread.
class Whereabouts {
public:
    struct World {
        asio::io_context& owner;
        Endpoint listening;                  ///< the control port
        std::vector<std::string> advertise;  ///< the setting: it wins
        std::function<std::vector<std::string>()> seen_ips;
    };

    explicit Whereabouts(World world);

    /// Looks now. Fault::config: the setting is wrong. `looked` is called after each later look,
    /// also where these endpoints are the same: the machine's networks may not be.
    Status start(std::function<void()> looked);
    void stop();

    /// Stays where it is; its content changes before `looked` is called.
    std::vector<Endpoint> const& endpoints() const { return endpoints_; }

private:
    Status look();
    asio::awaitable<void> listen_to_kernel();
    asio::awaitable<void> look_regularly();

    World world_;
    std::vector<Endpoint> endpoints_;
    std::function<void()> looked_;
    asio::posix::stream_descriptor kernel_;
    location::WakeUp wake_;
    bool stopped_ = false;
};

}  // namespace satchel::node
