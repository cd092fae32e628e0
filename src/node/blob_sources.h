// Where a blob that is not here may be had, one after the other: the user's other nodes, their
// incoming gateway, whoever offered it lately (claims 23-27).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "src/node/blob_fetcher.h"
#include "src/node/incoming_gateway.h"
#include "src/node/own_nodes.h"
#include "transfer/control_server.h"

namespace satchel::node {

/// One place to ask.
struct BlobSource {
    std::string name;  ///< "own other node"
    std::function<asio::awaitable<Status>()> fetch;
};

/// From the first that has it, in order; gives its name. A failure other than Fault::not_found is
/// told rather than that one, and the first of them: it may go away.
asio::awaitable<Result<std::string>> fetch_from_first(std::vector<BlobSource> sources);

/// From whoever has an offer of it let in at `server`. Fault::not_found: nobody has.
asio::awaitable<Status> fetch_from_senders(transfer::ControlServer& server, BlobFetcher& fetcher,
                                           ContentId id, BlobFetcher::Progress progress);

/// Owner's thread; all references must outlive it.
class BlobSources {
public:
    struct World {
        WorkerPool& workers;
        transfer::BlobStore& store;
        OwnNodes& own_nodes;
        IncomingGateway& incoming_gateway;
        transfer::ControlServer& server;
        BlobFetcher& fetcher;
    };

    explicit BlobSources(World world)
        : world_(world) {}

    /// Into the own store. Gives where it came from: "" where it was here.
    asio::awaitable<Result<std::string>> bring_here(ContentId id, BlobFetcher::Progress progress);

private:
    World world_;
};

}  // namespace satchel::node
