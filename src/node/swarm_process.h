// The swarm's own process: `satchel swarm`, which reads what strangers send, holds no keys and can
// open no file. Started again when it dies; while it is away, blobs go by the direct route.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <sys/types.h>

#include "src/base/event_log.h"
#include "transfer/swarm_link.h"

namespace satchel::node {

/// Owner's thread.
class SwarmProcess final : public transfer::Swarm {
public:
    struct World {
        asio::io_context& owner;
        Endpoint listen;  ///< port 0: one is picked, and kept for later processes
        EventLog const& log;
        std::filesystem::path program = "/proc/self/exe";
    };

    explicit SwarmProcess(World world);
    SwarmProcess(SwarmProcess const&) = delete;
    SwarmProcess& operator=(SwarmProcess const&) = delete;
    ~SwarmProcess() override;

    void start();
    void stop();

    /// Blocks until it listens, or for so long at most.
    void wait_until_up(std::chrono::milliseconds patience);

    /// Called whenever it comes or goes.
    void on_change(std::function<void()> changed) { changed_ = std::move(changed); }

    std::optional<Endpoint> listening() const override;
    Result<transfer::SwarmJobId> start(transfer::SwarmJob job,
                                       transfer::SwarmEvents events) override;
    void dial(transfer::SwarmJobId id) override;
    void stop(transfer::SwarmJobId id) override;
    void set_rates(transfer::SwarmRates const& rates) override;

    /// Of all its processes, one after the other.
    transfer::SwarmTraffic traffic() const override;

    /// So many jobs were started so far.
    transfer::SwarmJobId jobs_begun() const { return last_job_; }

    pid_t pid() const { return pid_; }  ///< 0: none runs

private:
    Status spawn();
    void note_change();
    void bury();
    void start_later();

    World world_;
    std::function<void()> changed_;
    std::shared_ptr<transfer::SwarmLink> link_;
    std::map<transfer::SwarmJobId, transfer::SwarmJobId> jobs_;  ///< ours: the link's
    transfer::SwarmJobId last_job_ = 0;
    transfer::SwarmRates rates_;
    transfer::SwarmTraffic of_earlier_;
    asio::steady_timer timer_;
    std::chrono::milliseconds pause_;
    std::chrono::steady_clock::time_point spawned_;
    pid_t pid_ = 0;
    bool stopped_ = false;
};

}  // namespace satchel::node
