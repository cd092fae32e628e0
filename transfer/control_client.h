// Asks other nodes: one call for each request of DESIGN section 5. Owner's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "src/base/asio.h"
#include "src/base/unique_fd.h"
#include "src/base/worker_pool.h"
#include "src/core/receipt.h"
#include "transfer/blob_store.h"
#include "transfer/control_limits.h"
#include "transfer/control_message.h"
#include "transfer/control_request.h"
#include "transfer/enrolment_message.h"
#include "transfer/growing_blob.h"
#include "transfer/holdings_message.h"
#include "transfer/http_head.h"
#include "transfer/intake_answer.h"
#include "transfer/line_message.h"
#include "transfer/peer_connections.h"
#include "transfer/reach_message.h"
#include "transfer/records_message.h"
#include "transfer/swarm_invitation.h"

namespace satchel::transfer {

struct PumpResult;

/// Faults: untrusted, another key answered (it was sent nothing); refused, too_large, no_space,
/// not_found and so on with the peer's own reason; unavailable or timed_out, nobody answered. A
/// request that meets a connection just closed is repeated once on a new one.
class ControlClient {
public:
    /// References must outlive the client and all calls. `user_key` is shown to own nodes alone.
    ControlClient(asio::io_context& owner, WorkerPool& workers, TlsIdentity& identity,
                  EndpointRule rule, ClientLimits const& limits,
                  SigningKey const* user_key = nullptr);

    /// For dials from now on: this machine's networks have changed.
    void use_rule(EndpointRule rule) { connections_.use_rule(std::move(rule)); }

    asio::awaitable<Result<PingAnswer>> ping(Peer peer);

    /// Has a node that holds its line to `gateway` called to a meeting there.
    asio::awaitable<Result<MeetingPlace>> call_to_meeting(Peer gateway, NodeKey node);

    /// As the one that was called: a connection on which the caller begins the handshake.
    asio::awaitable<Result<asio::ip::tcp::socket>> come_to_meeting(MeetingPlace place) {
        return connections_.meet(std::move(place), RelaySide::listener);
    }

    /// Asks to be dialled from there.
    asio::awaitable<Result<ReachAnswer>> ask_reach(Peer peer, ReachRequest request);

    /// With `blob`: inline.
    asio::awaitable<Result<IntakeAnswer>> offer(Peer peer, Offer offer, std::optional<Bytes> blob);
    asio::awaitable<Result<IntakeAnswer>> put_layer(Peer peer, ContentId id, Bytes layer);

    /// How far a receiver is that gets the blob with others: the answer is late on purpose.
    asio::awaitable<Result<IntakeAnswer>> put_swarm(Peer peer, ContentId id,
                                                    SwarmInvitation const& invitation);

    asio::awaitable<Result<IntakeAnswer>> ask_swarm(Peer peer, ContentId id) {
        return ask_intake(std::move(peer), Method::get, swarm_path(id), Bytes());
    }

    struct BlobPut {
        ContentId id;
        std::shared_ptr<UniqueFd> file;
        std::uint64_t from = 0;  ///< first byte to send
        std::uint64_t end = 0;   ///< of what is sent; 0: of the blob
        std::uint64_t size = 0;  ///< of the blob
        /// Bytes that the other side has or is being sent.
        std::function<void(std::uint64_t done)> progress;
        std::shared_ptr<GrowingBlob> growth{};  ///< where the blob is still being made
        std::vector<Gap> more{};                ///< to be filled behind `end`, in the same request
        bool masked = true;                     ///< beside TLS
    };

    /// The answer may come before all is sent: then the rest stays here. Fault::corrupt: what came
    /// was something else; of what went beside TLS it may have been changed on its way.
    asio::awaitable<Result<IntakeAnswer>> put_blob(Peer peer, BlobPut put);

    asio::awaitable<Result<IntakeAnswer>> ask_receipt(Peer peer, OfferId offer) {
        return ask_intake(std::move(peer), Method::get, receipt_path(offer), Bytes());
    }

    /// The offer behind a notice, and those that wait for us: of one blob, or as many as fit.
    asio::awaitable<Result<Offer>> ask_offer(Peer peer, OfferId id);
    /// What an own node holds for this node's user, of the ids after `after`.
    asio::awaitable<Result<HoldingsPart>> ask_holdings(Peer peer, std::optional<ContentId> after);

    asio::awaitable<Result<std::vector<Offer>>> ask_waiting(
        Peer peer, std::optional<ContentId> id = std::nullopt);

    /// Fault::refused, Fault::not_found and so on with the gateway's reason. The peer must be
    /// `own`: it is shown the user key.
    asio::awaitable<Result<EnrollAnswer>> enroll(Peer peer, EnrollRequest request);
    asio::awaitable<Status> put_records(Peer peer, RecordsToKeep keep);
    /// Waits at the peer for orders; half a minute at most.
    asio::awaitable<Result<LineAnswer>> hold_line(Peer peer);
    /// Of a node that holds a line to the peer. Fault::not_found: none does.
    asio::awaitable<Status> ping_line(Peer peer, NodeKey node);
    asio::awaitable<Status> pass_order(Peer peer, NodeKey node, PullNotice order);
    /// Tells who made the offer that this node holds its blob.
    asio::awaitable<Status> put_receipt(Peer peer, OfferId offer, Receipt receipt);

    asio::awaitable<Result<std::uint64_t>> blob_size(Peer peer, ContentId id);
    asio::awaitable<Result<Bytes>> fetch_layer(Peer peer, ContentId id);

    struct BlobFetch {
        ContentId id;
        std::uint64_t size = 0;            ///< of the blob
        std::uint64_t end = 0;             ///< of what is wanted; 0: of the blob
        std::shared_ptr<BlobUpload> into;  ///< verifies; its offset is where we go on
        std::function<void(std::uint64_t done)> progress;
        bool masked = true;  ///< beside TLS
    };

    /// Layer first, then the bytes that `into` still wants. finish() is the caller's.
    /// Fault::corrupt: the node itself sends something else, whatever is on the way.
    asio::awaitable<Status> fetch_blob(Peer peer, BlobFetch fetch);

    /// The two halves of that: the layer; and the bytes, once, as far as the connection holds.
    asio::awaitable<Status> bring_layer(Peer peer, ContentId id, std::shared_ptr<BlobUpload> into);
    asio::awaitable<Status> fetch_bytes(Peer peer, BlobFetch fetch);

    /// Bytes of blobs sent and fetched.
    std::uint64_t sent_bytes() const { return sent_bytes_; }

    std::uint64_t fetched_bytes() const { return fetched_bytes_; }

    /// Closes all connections; calls under way fail.
    void stop() { connections_.stop(); }

private:
    using Lease = PeerConnections::Lease;

    struct Reply {
        AnswerHead head;
        Bytes body;
    };

    struct Request {
        RequestLine line;
        Bytes body;
        std::size_t answer_max = control_limits::small_answer_bytes;
    };

    struct EarlyReply;

    asio::awaitable<Result<Reply>> ask(Peer peer, Request request);
    asio::awaitable<Result<Bytes>> read(Peer peer, std::string target, std::size_t bytes_max);
    asio::awaitable<Result<Reply>> tell(Peer peer, Method method, std::string target, Bytes body);
    asio::awaitable<Result<IntakeAnswer>> ask_intake(Peer peer, Method method, std::string target,
                                                     Bytes body);
    asio::awaitable<Result<Reply>> exchange(Peer peer, Lease& lease, Request const& request);
    asio::awaitable<Result<PeerConnections::Lease>> begin(Peer peer, RequestLine line);
    asio::awaitable<std::uint64_t> send_ranges(TlsChannel& channel, BlobPut const& put,
                                               std::vector<Gap> ranges,
                                               std::shared_ptr<EarlyReply> early,
                                               PumpResult& pumped);
    static asio::awaitable<void> await_reply(std::shared_ptr<TlsChannel> channel,
                                             std::shared_ptr<EarlyReply> early);
    std::string head_text(Peer const& peer, TlsChannel& channel, RequestLine line) const;

    asio::io_context& owner_;
    WorkerPool& workers_;
    ClientLimits limits_;
    SigningKey const* user_key_;
    PeerConnections connections_;
    std::uint64_t sent_bytes_ = 0;
    std::uint64_t fetched_bytes_ = 0;
};

}  // namespace satchel::transfer
