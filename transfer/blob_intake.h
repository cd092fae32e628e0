// Takes offered blobs into the store: admission, reservation, bytes, verification, receipt. The
// coroutines run on the owner's thread, the store works on the pool.
#pragma once

#include <functional>
#include <memory>

#include "src/base/clock.h"
#include "src/base/worker_pool.h"
#include "transfer/blob_store.h"
#include "transfer/control_limits.h"
#include "transfer/control_session.h"
#include "transfer/offer_storing.h"
#include "transfer/swarm_intake.h"
#include "transfer/tls_channel.h"
#include "transfer/upload_slot.h"

namespace satchel::transfer {

class BlobIntake {
public:
    /// All must outlive this.
    struct Surroundings {
        asio::any_io_executor executor;
        WorkerPool& pool;
        BlobStore& store;
        ControlHost& host;
        SigningKey const& node_key;
        Clock const& clock;
    };

    BlobIntake(Surroundings surroundings, ServerLimits const& limits);

    IncomingOffers const& offers() const { return offers_; }

    /// `POST /v1/offers`, its body read.
    asio::awaitable<Answer> take_offer(ControlSession const& session, Caller caller,
                                       OfferRequest request);

    /// `PUT /v1/blobs/{id}/layers`, its body read.
    asio::awaitable<Answer> take_layer(Caller caller, ContentId id, Bytes layer);

    /// `PUT /v1/blobs/{id}`: reads the body from `channel`, unless the answer says to hang up.
    /// `interrupt` closes that connection.
    asio::awaitable<Answer> take_blob(Caller caller, PutBlob request, TlsChannel& channel,
                                      std::function<void()> interrupt);

    /// `PUT /v1/blobs/{id}/swarm`, its body read, and `GET`.
    asio::awaitable<Answer> take_invitation(Caller caller, ContentId id,
                                            SwarmInvitation invitation);
    asio::awaitable<Answer> swarm_news(Caller caller, ContentId id);

    /// Forgets what has expired; gives up reservations that nobody feeds.
    void sweep();

    /// Uploads of this blob that nobody has fed for limits.takeover_idle keep what was verified,
    /// and give their place up.
    void give_up_idle(ContentId const& id);

    std::uint64_t received_bytes() const { return received_bytes_; }

private:
    using Incoming = std::shared_ptr<IncomingOffer>;

    /// An open upload, or why there is none.
    struct Opening {
        std::shared_ptr<UploadSlot> slot;
        std::optional<Answer> answer;
    };

    asio::awaitable<std::optional<Answer>> answer_if_held(Incoming incoming);
    /// The upload of an earlier offer of the same blob, by the same sender for the same recipient,
    /// that nobody feeds: a sender that was killed offers anew, and goes on from there.
    std::shared_ptr<UploadSlot> abandoned_slot(Incoming const& incoming);
    /// One that is open already, or an answer where no more may be opened.
    asio::awaitable<Opening> find_slot(Incoming incoming);
    asio::awaitable<Opening> open_slot(Incoming incoming);
    Answer answer_to_trouble(Incoming const& incoming, Taken const& reserved);
    /// What came for the draft becomes the upload of the blob that has a name now.
    asio::awaitable<void> take_over_draft(Incoming incoming);
    asio::awaitable<Answer> answer_to_offer(Incoming incoming, std::shared_ptr<UploadSlot> slot);
    /// All of a draft is there: the name is still to come.
    asio::awaitable<Answer> settle_draft(std::shared_ptr<UploadSlot> slot);
    asio::awaitable<Answer> take_inline(Incoming incoming, Bytes blob);
    asio::awaitable<Answer> finish(Incoming incoming, std::shared_ptr<UploadSlot> slot);
    Answer confirm(Incoming const& incoming, unsigned status);
    Holding holding_of(IncomingOffer const& incoming) const;

    Surroundings around_;
    ServerLimits limits_;
    IncomingOffers offers_;
    SwarmIntake swarms_;
    std::uint64_t received_bytes_ = 0;
};

}  // namespace satchel::transfer
