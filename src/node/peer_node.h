// The peer node: starts its services in order, answers this home's programs, and stops in reverse.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "src/base/asio.h"
#include "src/base/clock.h"
#include "src/base/event_log.h"
#include "src/base/randomness.h"
#include "src/core/config.h"
#include "src/core/home.h"
#include "src/core/identity.h"
#include "src/node/local_api_server.h"

namespace satchel::node {

class PageDesk;
struct PeerServices;

struct PeerNodeOptions {
    Home home;
    std::vector<std::string> settings;  ///< `--set` arguments
    bool brief =
        false;  ///< serves this home's verbs alone: ports picked, no presence, no offers taken
};

class PeerNode {
public:
    /// Everything listens when it returns. All references must outlive the node.
    static Result<std::unique_ptr<PeerNode>> start(asio::io_context& owner, PeerNodeOptions options,
                                                   Clock const& clock, Randomness& randomness,
                                                   EventLog const& log);
    ~PeerNode();

    /// The ready line: event, node_key, control, swarm, dht, web.
    nlohmann::json ready() const;

    /// What a page of this node stands on; null where it is brief.
    PageDesk* page();

    Config const& config() const;

    /// Where the page is ("IP:PORT"), and who answers `open_page` for the command line.
    void tell_page(std::string const& endpoint, LocalApiServer::Handler open_page);

    /// Tombstone, then all services down. Within five seconds, whatever the network does.
    asio::awaitable<void> stop();

private:
    explicit PeerNode(std::unique_ptr<PeerServices> services);

    std::unique_ptr<PeerServices> services_;
};

}  // namespace satchel::node
