// Swarms that do a receiver no good: one lies, one breaks off, one begins anew.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "src/base/asio.h"
#include "tests/support/sample_blob.h"
#include "transfer/swarm.h"

namespace satchel::testing {

/// Knows nobody, so that all that comes is what start() makes up, on the owner's thread.
class LonelySwarm : public transfer::Swarm {
public:
    explicit LonelySwarm(asio::io_context& owner)
        : owner_(owner) {}

    std::optional<Endpoint> listening() const override { return Endpoint{"127.0.0.1", 9}; }

    void dial(transfer::SwarmJobId) override {}

    void stop(transfer::SwarmJobId) override {}

    void set_rates(transfer::SwarmRates const&) override {}

    transfer::SwarmTraffic traffic() const override { return {}; }

protected:
    asio::io_context& owner_;
};

/// Says that it has all pieces, and has written something else.
class LyingSwarm final : public LonelySwarm {
public:
    using LonelySwarm::LonelySwarm;

    Result<transfer::SwarmJobId> start(transfer::SwarmJob job,
                                       transfer::SwarmEvents events) override {
        asio::post(owner_, [job = std::move(job), events = std::move(events)] {
            static_cast<void>(write_all_at(job.fresh->get(), Bytes(job.size, 'x'), 0));
            events.ready();
            for (std::uint64_t i = 0; i < job.have.size(); ++i)
                events.piece(i);
        });
        return 1;
    }
};

/// All but the first piece come at once; later the process dies. The next job gets piece after
/// piece, slowly.
class RestartedSwarm final : public LonelySwarm {
public:
    RestartedSwarm(asio::io_context& owner, SampleBlob const& blob)
        : LonelySwarm(owner)
        , blob_(blob) {}

    std::function<void()> on_death;

    Result<transfer::SwarmJobId> start(transfer::SwarmJob job,
                                       transfer::SwarmEvents events) override {
        bool const again = std::exchange(begun_, true);
        auto run = again ? slowly(std::move(job), std::move(events))
                         : and_die(std::move(job), std::move(events));
        asio::co_spawn(owner_, std::move(run), asio::detached);
        return again ? 2 : 1;
    }

private:
    asio::awaitable<void> pass(std::chrono::milliseconds length) {
        asio::steady_timer timer(owner_, length);
        co_await timer.async_wait(asio::use_awaitable);
    }

    void bring(transfer::SwarmJob const& job, transfer::SwarmEvents const& events,
               std::uint64_t index) {
        std::uint64_t const length = transfer::piece_length_for(job.size);
        std::uint64_t const at = index * length;
        auto const piece = blob_.from(at).first(std::min(length, job.size - at));
        CHECK(write_all_at(job.fresh->get(), piece, at));
        events.piece(index);
    }

    asio::awaitable<void> and_die(transfer::SwarmJob job, transfer::SwarmEvents events) {
        events.ready();
        for (std::uint64_t i = 1; i < job.have.size(); ++i)
            bring(job, events, i);
        co_await pass(std::chrono::milliseconds(1'300));  // the sender hears of it once a second
        on_death();
        events.failed({Fault::unavailable, "the process died"});
    }

    asio::awaitable<void> slowly(transfer::SwarmJob job, transfer::SwarmEvents events) {
        events.ready();
        for (std::uint64_t i = 0; i < job.have.size(); ++i) {
            co_await pass(std::chrono::milliseconds(450));
            bring(job, events, i);
        }
    }

    SampleBlob const& blob_;
    bool begun_ = false;
};

/// Brings some pieces out of order, and then nothing more.
class BrokenSwarm final : public LonelySwarm {
public:
    BrokenSwarm(asio::io_context& owner, SampleBlob const& blob, std::vector<std::uint64_t> pieces)
        : LonelySwarm(owner)
        , blob_(blob)
        , pieces_(std::move(pieces)) {}

    bool fails = false;  ///< else it falls silent

    Result<transfer::SwarmJobId> start(transfer::SwarmJob job,
                                       transfer::SwarmEvents events) override {
        if (std::exchange(begun_, true)) return fail(Fault::unavailable, "the process is gone");
        asio::post(owner_, [this, job = std::move(job), events = std::move(events)] {
            events.ready();
            std::uint64_t const length = transfer::piece_length_for(job.size);
            for (std::uint64_t const index : pieces_) {
                std::uint64_t const at = index * length;
                auto const piece = blob_.from(at).first(std::min(length, job.size - at));
                CHECK(write_all_at(job.fresh->get(), piece, at));
                events.piece(index);
            }
            if (fails) events.failed({Fault::unavailable, "the process died"});
        });
        return 1;
    }

private:
    SampleBlob const& blob_;
    std::vector<std::uint64_t> pieces_;
    bool begun_ = false;
};

}  // namespace satchel::testing
