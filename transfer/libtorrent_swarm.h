// The swarm, by libtorrent. It parses what strangers send: run it in a process of its own
// (swarm_worker.h).
#pragma once

#include <memory>

#include "src/base/asio.h"
#include "transfer/swarm.h"

namespace satchel::transfer {

class LibtorrentSwarm final : public Swarm {
public:
    /// Port 0 picks one. Events come by `owner`, as does the word that it listens: until then
    /// listening() is empty, and `up` is called then. TCP with the stream encrypted, and nothing
    /// else: no DHT, trackers, peer exchange, port mapping.
    static Result<std::unique_ptr<LibtorrentSwarm>> start(asio::io_context& owner,
                                                          Endpoint const& listen,
                                                          std::function<void(Status)> up);

    LibtorrentSwarm(LibtorrentSwarm const&) = delete;
    LibtorrentSwarm& operator=(LibtorrentSwarm const&) = delete;
    /// Waits for libtorrent's threads.
    ~LibtorrentSwarm() override;

    std::optional<Endpoint> listening() const override;
    Result<SwarmJobId> start(SwarmJob job, SwarmEvents events) override;
    void dial(SwarmJobId id) override;
    void stop(SwarmJobId id) override;
    void set_rates(SwarmRates const& rates) override;
    SwarmTraffic traffic() const override;

private:
    class Session;

    explicit LibtorrentSwarm(std::shared_ptr<Session> session);

    std::shared_ptr<Session> session_;
};

}  // namespace satchel::transfer
