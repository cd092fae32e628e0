// What is this user's and not here: on other nodes of theirs, or kept by their domain's gateway.
// Asked for now and again while somebody looks at the list, and entered in the catalogue.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "src/base/event_log.h"
#include "src/base/worker_pool.h"
#include "src/core/gateway_place.h"
#include "src/core/identity.h"
#include "src/node/catalogue.h"
#include "src/node/own_nodes.h"
#include "transfer/control_client.h"

namespace satchel::node {

/// Owner's thread; all references must outlive it.
class Elsewhere {
public:
    struct World {
        asio::io_context& owner;
        WorkerPool& workers;
        transfer::ControlClient& client;
        OwnNodes& own_nodes;
        Catalogue& catalogue;
        Identity const& identity;
        Clock const& clock;
        EventLog const& log;
    };

    /// `changed`: called whenever the catalogue has.
    Elsewhere(World world, std::function<void()> changed)
        : world_(world)
        , changed_(std::move(changed))
        , rounds_(world.clock.unix_seconds()) {}

    /// Somebody looks: the other nodes are asked, unless they were a short while ago.
    void look();

    /// A gateway has told what it keeps for this home's users: all of it, or as much as it tells.
    void note_waiting(GatewayPlace const& gateway, std::vector<Offer> const& offers);

    void stop() { stopped_ = true; }

private:
    asio::awaitable<void> ask_all();
    asio::awaitable<Status> walk(transfer::Peer peer);
    asio::awaitable<Status> enter(ElsewherePlace place, std::vector<transfer::ListedHolding> part,
                                  std::uint64_t round);
    asio::awaitable<Status> end_round(ElsewherePlace place, std::uint64_t round);
    Result<bool> put_new(ElsewherePlace const& place,
                         std::vector<transfer::ListedHolding> const& part, std::uint64_t round);
    CatalogueEntry entry_of(transfer::ListedHolding const& holding) const;
    void tell();

    World world_;
    std::function<void()> changed_;
    std::chrono::steady_clock::time_point next_{};
    std::uint64_t rounds_;  ///< more than in any earlier run
    bool asking_ = false;
    bool stopped_ = false;
};

}  // namespace satchel::node
