// What a node's page asks of its node beside the verbs of the command line: lists of attachments
// and their details. Same form, so that the page is one more client of the local API.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "src/node/cataloguer.h"
#include "src/node/local_api_server.h"

namespace satchel::node {

/// Owner's thread; all references must outlive it.
class PageVerbs {
public:
    struct World {
        WorkerPool& workers;
        Cataloguer& cataloguer;
    };

    explicit PageVerbs(World world)
        : world_(world) {}

    /// None: not a verb of the page.
    LocalApiServer::Handler handler_of(std::string const& verb);

private:
    asio::awaitable<Result<Json>> attachments(LocalCall& call);
    asio::awaitable<Result<Json>> attachment(LocalCall& call);
    asio::awaitable<Result<Json>> pulse(LocalCall& call);

    World world_;
};

}  // namespace satchel::node
