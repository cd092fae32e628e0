// Asks other nodes: connections are kept and used again, each pinned to the key of its node.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "src/base/asio.h"
#include "src/base/unique_fd.h"
#include "src/base/worker_pool.h"
#include "src/core/endpoint.h"
#include "src/core/receipt.h"
#include "transfer/control_limits.h"
#include "transfer/control_message.h"
#include "transfer/control_request.h"
#include "transfer/endpoint_rule.h"
#include "transfer/tls_channel.h"

namespace satchel::transfer {

/// Whom to ask, and where they may be. Endpoints are tried in order.
struct Peer {
    NodeKey key;
    std::vector<Endpoint> endpoints;
};

/// What a storage node says to an offer, a layer or a blob.
using IntakeAnswer = std::variant<Receipt, OfferProgress>;

/// Owner's thread. Faults: untrusted, another key answered (it was sent nothing); refused,
/// too_large, no_space and so on with the peer's own reason; unavailable or timed_out, nobody
/// answered.
class ControlClient {
public:
    ControlClient(asio::io_context& owner, WorkerPool& workers, TlsIdentity& identity,
                  EndpointRule rule, ClientLimits limits)
        : owner_(owner)
        , workers_(workers)
        , identity_(identity)
        , rule_(std::move(rule))
        , limits_(limits) {}

    asio::awaitable<Result<PingAnswer>> ping(Peer peer);
    asio::awaitable<Result<IntakeAnswer>> offer(Peer peer, Offer offer, std::optional<Bytes> blob);
    asio::awaitable<Result<IntakeAnswer>> put_layer(Peer peer, ContentId id, Bytes layer);
    asio::awaitable<Result<IntakeAnswer>> ask_receipt(Peer peer, OfferId offer);

    struct BlobPut {
        ContentId id;
        std::shared_ptr<UniqueFd> file;
        std::uint64_t from = 0;  ///< first byte to send
        std::uint64_t size = 0;  ///< of the blob
        std::function<void(std::uint64_t done)>
            progress;  ///< bytes the other side has or is being sent
    };

    asio::awaitable<Result<IntakeAnswer>> put_blob(Peer peer, BlobPut put);

    /// Closes all connections; calls under way fail.
    void stop();

private:
    using Channel = std::shared_ptr<TlsChannel>;

    struct Reply {
        unsigned status = 0;
        Bytes body;
    };

    struct Idle {
        Channel channel;
        std::chrono::steady_clock::time_point since;
    };

    asio::awaitable<Result<Channel>> dial(Peer peer);
    asio::awaitable<Result<Channel>> dial_one(NodeKey key, Endpoint endpoint);
    Channel take_idle(NodeKey const& key);
    void keep(NodeKey const& key, Channel channel);
    asio::awaitable<Result<Reply>> ask(Peer peer, RequestLine line, Bytes body);
    asio::awaitable<Result<Reply>> exchange(NodeKey key, Channel channel, ByteSpan request);
    asio::awaitable<Result<Reply>> read_reply(NodeKey key, Channel channel,
                                              std::chrono::milliseconds patience);
    static Result<IntakeAnswer> intake_answer(Reply const& reply);

    asio::io_context& owner_;
    WorkerPool& workers_;
    TlsIdentity& identity_;
    EndpointRule rule_;
    ClientLimits limits_;
    std::multimap<NodeKey, Idle> idle_;
    std::map<TlsChannel*, std::weak_ptr<TlsChannel>> busy_;
    bool stopped_ = false;
};

}  // namespace satchel::transfer
