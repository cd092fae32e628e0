// The node's control port: takes connections within bounds, and answers their requests in order
// (DESIGN: section 5).
#pragma once

#include <memory>

#include "src/base/asio.h"
#include "src/base/clock.h"
#include "src/base/event_log.h"
#include "src/base/worker_pool.h"
#include "src/core/endpoint.h"
#include "src/core/keys.h"
#include "transfer/blob_store.h"
#include "transfer/control_host.h"
#include "transfer/control_limits.h"

namespace satchel::transfer {

/// Owner's thread.
class ControlServer {
public:
    /// All must outlive the server.
    struct Surroundings {
        asio::io_context& owner;
        WorkerPool& pool;
        BlobStore& store;
        ControlHost& host;
        SigningKey const& node_key;
        Clock const& clock;
        EventLog const& log;
    };

    /// Fault::config: the endpoint can't be listened on.
    static Result<std::unique_ptr<ControlServer>> start(Surroundings surroundings,
                                                        Endpoint const& listen,
                                                        ServerLimits const& limits);
    ~ControlServer();

    /// With the port that was picked.
    Endpoint listening() const;

    /// Bytes of blobs sent to those who asked for them.
    std::uint64_t sent_bytes() const;

    /// Takes no more connections, and closes those there are: what was verified of an upload is
    /// kept.
    void stop();

private:
    struct State;
    explicit ControlServer(std::shared_ptr<State> state);

    std::shared_ptr<State> state_;
};

}  // namespace satchel::transfer
