// Swarms that do a receiver no good: one lies, one breaks off.
#pragma once

#include <algorithm>
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
