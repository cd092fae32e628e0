// The control port of a node: listens, admits connections within bounds, serves DESIGN section 5's
// requests. Lives on the owner's thread.
#pragma once

#include <cstdint>
#include <memory>

#include "src/base/asio.h"
#include "src/base/clock.h"
#include "src/base/event_log.h"
#include "src/base/result.h"
#include "src/base/worker_pool.h"
#include "src/core/endpoint.h"
#include "src/core/keys.h"
#include "transfer/admission.h"
#include "transfer/blob_store.h"
#include "transfer/control_host.h"
#include "transfer/control_limits.h"

namespace satchel::transfer {

struct ServerTraffic {
    std::uint64_t received_bytes = 0;  ///< of blobs
    std::uint64_t sent_bytes = 0;
    std::size_t connections = 0;  ///< now
    std::size_t uploads = 0;      ///< now
};

/// An offer that was let in, and what its bytes count against.
struct KnownOffer {
    Offer offer;
    std::string account;
};

class ControlServer {
public:
    /// All must outlive the server and the last turn of the event loop.
    struct Surroundings {
        asio::io_context& owner;
        WorkerPool& pool;
        BlobStore& store;
        ControlHost& host;
        SigningKey const& node_key;
        Clock const& clock;
        EventLog const& log;
    };

    /// Port 0 picks a free one. Fault::config: the endpoint cannot be listened on.
    static Result<std::unique_ptr<ControlServer>> start(Surroundings surroundings,
                                                        Endpoint const& listen,
                                                        ServerLimits const& limits = {});

    ~ControlServer();

    /// Serves a connection that this side has dialled, as if it had been accepted.
    void take(asio::ip::tcp::socket socket);

    /// With the port that was picked.
    Endpoint listening() const;

    ServerTraffic traffic() const;

    /// May this offer come in? For offers that this node has fetched itself; `offer.sender_node` is
    /// the key that it came from.
    asio::awaitable<Admission> judge(Offer offer) const;

    /// Offers of this blob that were let in, live and have no receipt yet, newest expiry first, for
    /// whoever wants to come for it. An upload of it that nobody has fed for a while gives its
    /// place up.
    std::vector<KnownOffer> offers_of(ContentId const& id);

    /// No new connections; idle ones close, requests under way get ServerLimits::drain. Returns
    /// when all are gone. What was verified of an upload is kept.
    asio::awaitable<void> drain();

    /// As drain, without patience: what is under way ends at its next step.
    void stop();

private:
    struct State;

    explicit ControlServer(std::shared_ptr<State> state);

    std::shared_ptr<State> state_;
};

}  // namespace satchel::transfer
