// Finds DHT nodes to begin with for a home that was told none: those that its users' domains
// publish in DNS. A new user needs nothing but an address.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "dht/location_service.h"
#include "src/base/event_log.h"
#include "src/node/trust_view.h"

namespace satchel::node {

/// Owner's thread; all references must outlive the io_context's run.
class DhtIntroduction {
public:
    DhtIntroduction(asio::io_context& owner, TrustSource const& trust,
                    location::LocationService& location, EventLog const& log)
        : trust_(trust)
        , location_(location)
        , log_(log)
        , timer_(owner)
        , names_(owner) {}

    /// Goes on in the background. `own`: where this node itself listens; it is not called.
    void start(std::vector<Address> const& addresses, std::vector<Endpoint> own);
    void stop();

    /// For a node that knows nobody yet: asks the nodes that the domain of somebody looked up
    /// names.
    asio::awaitable<void> introduce(std::string domain);

    /// Neighbours may yet come: nodes were found, or are being looked for.
    bool expects_neighbours() const { return looking_ || found_; }

private:
    asio::awaitable<void> look();
    /// False: nobody could be asked, later may do.
    asio::awaitable<bool> look_at(std::string domain, std::vector<Endpoint>& peers);
    asio::awaitable<std::vector<Endpoint>> endpoints_of(HostPort at);

    TrustSource const& trust_;
    location::LocationService& location_;
    EventLog const& log_;
    asio::steady_timer timer_;
    asio::ip::udp::resolver names_;
    std::set<std::string> domains_;
    std::set<std::string> others_;  ///< domains asked on behalf of a lookup
    std::vector<Endpoint> own_;
    bool looking_ = false;
    bool found_ = false;
    bool stopped_ = false;
};

}  // namespace satchel::node
