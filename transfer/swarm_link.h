// A swarm in another process: says orders to it over a message socket, and hears its words. Trusts
// none of them further than it must.
#pragma once

#include <deque>
#include <map>

#include "src/base/asio.h"
#include "src/base/event_log.h"
#include "src/base/unique_fd.h"
#include "transfer/swarm.h"
#include "transfer/swarm_message.h"

namespace satchel::transfer {

/// Owner's thread.
class SwarmLink final : public Swarm {
public:
    /// `changed` is called when it comes up, and when it is gone: then all jobs have failed, and
    /// listening() is empty for good.
    SwarmLink(asio::io_context& owner, UniqueFd process, std::function<void()> changed);
    SwarmLink(SwarmLink const&) = delete;
    SwarmLink& operator=(SwarmLink const&) = delete;
    ~SwarmLink() override;

    /// Waits for its next words without the event loop, for so long at most.
    void look(std::chrono::milliseconds patience);

    bool gone() const { return state_->gone; }

    std::optional<Endpoint> listening() const override { return state_->listening; }

    Result<SwarmJobId> start(SwarmJob job, SwarmEvents events) override;
    void dial(SwarmJobId id) override;
    void stop(SwarmJobId id) override;
    void set_rates(SwarmRates const& rates) override;

    SwarmTraffic traffic() const override { return state_->traffic; }

private:
    struct RunningJob {
        SwarmEvents events;
        std::uint64_t pieces = 0;
    };

    struct UnsentOrder {
        Bytes bytes;
        std::vector<std::shared_ptr<UniqueFd>> files;
    };

    struct State : std::enable_shared_from_this<State> {
        State(asio::io_context& context, UniqueFd process, std::function<void()> when_changed)
            : socket(context, process.release())
            , changed(std::move(when_changed)) {}

        void hear();
        void read_all();
        void take(SwarmWord const& word);
        void give_up(std::string const& why);
        void say(SwarmOrder const& order, std::vector<std::shared_ptr<UniqueFd>> files = {});
        void send_all();

        asio::posix::stream_descriptor socket;
        std::function<void()> changed;
        std::optional<Endpoint> listening{};
        std::map<SwarmJobId, RunningJob> jobs{};
        std::deque<UnsentOrder> unsent{};
        SwarmTraffic traffic{};
        SwarmJobId last_job = 0;
        bool gone = false;
    };

    std::shared_ptr<State> state_;
};

}  // namespace satchel::transfer
