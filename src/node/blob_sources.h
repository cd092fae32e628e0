// Where a blob that is not here may be had: the user's other nodes, their incoming gateway, whoever
// offered it lately (claims 23-27). In this order, but nobody waits long for one who is silent.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "src/node/blob_fetcher.h"
#include "src/node/incoming_gateway.h"
#include "src/node/own_nodes.h"
#include "src/node/transfer_board.h"
#include "transfer/control_server.h"
#include "transfer/disk_blob_store.h"

namespace satchel::node {

/// One place to ask.
struct BlobSource {
    std::string name;                      ///< "own other node"
    std::chrono::milliseconds head_start;  ///< then the next is asked as well
    /// Who has it, the best first. Fault::not_found: nobody.
    std::function<asio::awaitable<Result<std::vector<BlobHolder>>>()> find;
};

/// `others`: of the same source.
using TakeBlob =
    std::function<asio::awaitable<Status>(BlobHolder holder, std::vector<BlobHolder> others)>;

/// Takes the blob from the first holder that gives it; gives the source's name. A failure other
/// than Fault::not_found is told rather than that one, and that of the first source: it may go
/// away.
asio::awaitable<Result<std::string>> take_from_first(asio::io_context& owner,
                                                     std::vector<BlobSource> sources,
                                                     TakeBlob take);

/// Owner's thread; all references must outlive it.
class BlobSources {
public:
    struct World {
        asio::io_context& owner;
        WorkerPool& workers;
        transfer::DiskBlobStore& store;
        OwnNodes& own_nodes;
        IncomingGateway& incoming_gateway;
        transfer::ControlServer& server;
        BlobFetcher& fetcher;
        TransferBoard& transfers;
    };

    explicit BlobSources(World world)
        : world_(world) {}

    /// Into the own store. Gives where it came from: "" where it was here. What breaks in the
    /// middle is gone on with, from whoever has it then.
    asio::awaitable<Result<std::string>> bring_here(ContentId id, BlobFetcher::Progress progress);

    /// For a blob that is here and can't be read: where the disk has damaged it, it comes from
    /// somebody else. Until one is found who has it, the copy here is not touched; from then on it
    /// is set aside in the store, and whom it is held for stays, whatever becomes of the transfer.
    /// Gives where it came from: "" where nothing is wrong with the copy here.
    asio::awaitable<Result<std::string>> replace_damaged(ContentId id,
                                                         BlobFetcher::Progress progress);

private:
    asio::awaitable<Status> take_instead(BlobHolder holder, BlobFetcher::Progress progress,
                                         std::vector<BlobHolder> others);
    asio::awaitable<Result<bool>> is_here(ContentId id);
    asio::awaitable<bool> is_set_aside(ContentId id);
    asio::awaitable<Status> take(BlobHolder holder, BlobFetcher::Progress progress,
                                 std::vector<BlobHolder> others);
    std::vector<BlobSource> sources_of(ContentId id);

    World world_;
};

}  // namespace satchel::node
