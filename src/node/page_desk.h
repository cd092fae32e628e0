// All that a node's page stands on. The page itself (src/web) is put on top by the program.
#pragma once

#include <functional>

#include "src/base/clock.h"
#include "src/base/randomness.h"
#include "src/node/attachment_reader.h"
#include "src/node/page_verbs.h"

namespace satchel::node {

/// Owner's thread.
class PageDesk {
public:
    struct World {
        asio::io_context& owner;
        PageVerbs::World page;
        Cataloguer& cataloguer;
        transfer::ControlClient& client;
        OwnNodes& own_nodes;
        LocalApiServer::Handler verbs;  ///< those of the command line
        EventLog const& log;
    };

    /// All references must outlive the desk.
    explicit PageDesk(World const& world)
        : cataloguer_(world.cataloguer)
        , reader_(world.page.store, world.page.workers, world.page.identity)
        , elsewhere_({world.owner, world.page.workers, world.client, world.own_nodes,
                      cataloguer_.catalogue(), world.page.identity, world.page.clock, world.log},
                     [this] { cataloguer_.tell(); })
        , page_verbs_(world.page, cataloguer_, elsewhere_)
        , verbs_(world.verbs) {}

    void start() { cataloguer_.start(); }

    void stop() {
        elsewhere_.stop();
        cataloguer_.stop();
        reader_.stop();
    }

    /// Of the page, or of the command line.
    asio::awaitable<Result<Json>> ask(LocalCall& call);

    AttachmentReader& reader() { return reader_; }

    Cataloguer& cataloguer() { return cataloguer_; }

    Elsewhere& elsewhere() { return elsewhere_; }

private:
    Cataloguer& cataloguer_;
    AttachmentReader reader_;
    Elsewhere elsewhere_;
    PageVerbs page_verbs_;
    LocalApiServer::Handler verbs_;
};

}  // namespace satchel::node
