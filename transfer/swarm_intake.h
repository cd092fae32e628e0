// Takes offered blobs into the store by a swarm: the swarm's process brings pieces in any order
// into a file of its own, from where they go into the upload, verified there, in turn. The process
// is believed nothing: store and receipt come about as on the direct route. Owner's thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>

#include "src/base/clock.h"
#include "src/base/worker_pool.h"
#include "transfer/control_session.h"
#include "transfer/swarm.h"
#include "transfer/swarm_file.h"
#include "transfer/swarm_invitation.h"
#include "transfer/upload_slot.h"

namespace satchel::transfer {

class SwarmIntake {
public:
    /// Verifies the whole, holds it, and answers with the receipt.
    using Finish = std::function<asio::awaitable<Answer>(std::shared_ptr<IncomingOffer>,
                                                         std::shared_ptr<UploadSlot>)>;

    SwarmIntake(asio::any_io_executor executor, WorkerPool& pool, ControlHost& host,
                Clock const& clock, std::chrono::milliseconds start_patience, Finish finish);

    /// Should the sender bring this one by a swarm?
    bool wants(IncomingOffer const& incoming, UploadSlot const& slot) const;

    /// Is it arriving by a swarm?
    bool has(ContentId const& id) const { return receptions_.contains(id); }

    /// `PUT /v1/blobs/{id}/swarm`. Answers once other nodes can connect; where it takes longer to
    /// look through what an earlier swarm has left, that the swarm is coming.
    asio::awaitable<Answer> begin(std::shared_ptr<IncomingOffer> incoming,
                                  std::shared_ptr<UploadSlot> slot, Caller caller,
                                  SwarmInvitation invitation);

    /// `GET /v1/blobs/{id}/swarm`: the receipt, or how far it is, as soon as there is something to
    /// tell.
    asio::awaitable<Answer> news(std::shared_ptr<IncomingOffer> incoming);

    /// Ends one whose sender has not asked since (Unix seconds) how far it is. True: it did.
    bool end_orphan(ContentId const& id, std::uint64_t since);

    /// Ends those whose sender has not asked since, and to which nothing has come.
    void sweep(std::uint64_t since);

private:
    struct Reception;
    using ReceptionPtr = std::shared_ptr<Reception>;

    asio::awaitable<Result<std::shared_ptr<UniqueFd>>> prepare(ReceptionPtr reception,
                                                               std::filesystem::path folder,
                                                               Bytes layer);
    asio::awaitable<void> start(ReceptionPtr reception, Caller caller, SwarmInvitation invitation);
    SwarmJob job_of(Reception const& reception, SwarmInvitation const& invitation,
                    Caller const& caller) const;
    SwarmEvents events_for(ReceptionPtr const& reception);
    void feed(ReceptionPtr const& reception);
    asio::awaitable<void> feed_all(ReceptionPtr reception);
    void end(ReceptionPtr const& reception, Error const& why);
    void let_go(ReceptionPtr const& reception);

    asio::any_io_executor executor_;
    WorkerPool& pool_;
    ControlHost& host_;
    Clock const& clock_;
    std::chrono::milliseconds start_patience_;
    Finish finish_;
    std::map<ContentId, ReceptionPtr> receptions_;
};

}  // namespace satchel::transfer
