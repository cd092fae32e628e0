// The server's end of one connection: reads heads, lets the session and the intake decide, moves
// bytes. A thin shell on the owner's thread.
#pragma once

#include <memory>
#include <string>

#include "src/base/worker_pool.h"
#include "transfer/blob_intake.h"
#include "transfer/blob_store.h"
#include "transfer/control_limits.h"
#include "transfer/control_session.h"
#include "transfer/relay_desk.h"
#include "transfer/request_body.h"
#include "transfer/tls_channel.h"

namespace satchel::transfer {

/// What all connections of a server share. Outlives them.
struct ControlHouse {
    ControlHouse(asio::io_context& owner, BlobIntake::Surroundings const& around,
                 ServerLimits const& bounds)
        : host(around.host)
        , store(around.store)
        , pool(around.pool)
        , limits(bounds)
        , intake(around, bounds)
        , session(around.host, intake.offers(), around.clock, NodeKey(around.node_key.public_key()))
        , relays(owner, bounds.relay, bounds.traffic)
        , bodies(owner.get_executor(), bounds.bodies) {}

    ControlHost& host;
    BlobStore& store;
    WorkerPool& pool;
    ServerLimits limits;
    BlobIntake intake;
    ControlSession session;
    RelayDesk relays;
    BodyRoom bodies;
    bool stopping = false;
    std::uint64_t sent_bytes = 0;  ///< of blobs
};

class ControlConnection : public std::enable_shared_from_this<ControlConnection> {
public:
    /// `ip`: where the caller comes from.
    ControlConnection(asio::ip::tcp::socket socket, std::string ip, asio::ssl::context& context,
                      ControlHouse& house);

    /// none: nobody with an Ed25519 key, or too slow.
    enum class Greeting { none, tls, relay };
    asio::awaitable<Greeting> greet();

    /// For who greets a relay: until the meeting is over.
    asio::awaitable<void> relay();

    NodeKey const& peer() const { return channel_.peer(); }

    /// Serves requests until one side hangs up.
    asio::awaitable<void> serve();

    /// Answers the first request with 429 and hangs up.
    asio::awaitable<void> turn_away();

    /// A request is under way.
    bool is_busy() const { return busy_; }

    void close() { channel_.close(); }

private:
    struct Source {
        std::shared_ptr<UniqueFd> file;
        std::uint64_t size = 0;
        Bytes layer;
        std::function<void(std::uint64_t)> sent;  ///< hears up to which byte; may be empty
    };

    asio::awaitable<bool> serve_one(std::string head_text);
    asio::awaitable<Answer> answer(ControlRequest request, Caller caller);
    asio::awaitable<Result<RequestBody>> read_body(std::size_t bytes);
    asio::awaitable<Answer> take_offer(PostOffer request, Caller caller);
    std::optional<Answer> unwanted_layer(ContentId const& id, std::size_t bytes) const;
    asio::awaitable<Answer> take_layer(PutLayer request, Caller caller);
    asio::awaitable<Answer> take_invitation(PutSwarm request, Caller caller);
    asio::awaitable<Answer> take_enrolment(PostEnroll request, Caller caller);
    asio::awaitable<Answer> take_reach(PostReach request, Caller caller);
    asio::awaitable<Answer> take_records(PutRecords request, Caller caller);
    asio::awaitable<Answer> hold_line(Caller caller);
    asio::awaitable<Answer> ping_line(NodeKey node);
    asio::awaitable<Answer> take_order(PostOrder request);
    Answer open_relay(PostRelay request, Caller const& caller);
    asio::awaitable<Answer> take_receipt(PutReceipt request, Caller caller);

    enum class Wanted { file, layer };
    asio::awaitable<Result<Source>> find_source(ContentId id, Caller caller, Wanted wanted);
    asio::awaitable<bool> send_blob(AskBlob request, Caller caller);
    asio::awaitable<bool> send_layer(ContentId id, Caller caller);
    asio::awaitable<bool> send(Answer answer);
    asio::awaitable<bool> send_text(std::string head_and_body);
    asio::awaitable<void> linger();
    Result<Caller> caller_of(RequestHead const& head);

    ControlHouse& house_;
    std::string ip_;
    TlsChannel channel_;
    bool busy_ = false;
    bool keep_alive_ = true;
    bool bodyless_ = false;  ///< HEAD: the answer's body stays here
};

}  // namespace satchel::transfer
