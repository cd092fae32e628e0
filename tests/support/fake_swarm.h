// A swarm without a network: the fakes of one hub hand pieces to each other, one for each turn of
// the event loop.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "src/base/asio.h"
#include "transfer/merkle_root.h"
#include "transfer/swarm.h"

namespace satchel::testing {

class FakeSwarm;

class FakeSwarmHub {
public:
    std::vector<FakeSwarm*> swarms;
};

class FakeSwarm final : public transfer::Swarm {
public:
    FakeSwarm(asio::io_context& owner, FakeSwarmHub& hub, Endpoint listening)
        : owner_(owner)
        , hub_(hub)
        , listening_(std::move(listening)) {
        hub_.swarms.push_back(this);
    }

    FakeSwarm(FakeSwarm const&) = delete;
    FakeSwarm& operator=(FakeSwarm const&) = delete;

    ~FakeSwarm() override { std::erase(hub_.swarms, this); }

    std::optional<Endpoint> listening() const override {
        return away_ ? std::nullopt : std::optional(listening_);
    }

    /// As if its process had died.
    void go_away() {
        away_ = true;
        auto const ended = std::exchange(jobs_, {});
        for (auto const& [id, job] : ended)
            job->events.failed({Fault::unavailable, "the swarm process is gone"});
    }

    void come_back() { away_ = false; }

    std::function<void()> on_start;  ///< of a job; may be empty

    /// From now on others can't get anything from here, nor this from them.
    void stall() { stalled_ = true; }

    Result<transfer::SwarmJobId> start(transfer::SwarmJob job,
                                       transfer::SwarmEvents events) override {
        if (away_) return fail(Fault::unavailable, "the swarm is away");
        Bytes layer(transfer::layer_bytes_for(job.size));
        auto const read = read_at(job.layer->get(), layer, 0);
        if (!read || !transfer::verify_layer(job.content_id, job.size, layer))
            return fail(Fault::corrupt, "the layer is another blob's");
        auto running = std::make_shared<Job>(Job{std::move(job), std::move(events), {}, {}});
        running->layer = std::move(layer);
        auto const id = ++last_;
        if (on_start) on_start();
        jobs_[id] = running;
        asio::post(owner_, [this, id] {
            if (auto const found = jobs_.find(id); found != jobs_.end()) {
                found->second->events.ready();
                move_later();
            }
        });
        return id;
    }

    void dial(transfer::SwarmJobId) override { move_later(); }

    void stop(transfer::SwarmJobId id) override { jobs_.erase(id); }

    void set_rates(transfer::SwarmRates const& rates) override { rates_ = rates; }

    transfer::SwarmRates rates() const { return rates_; }

    transfer::SwarmTraffic traffic() const override { return traffic_; }

    std::size_t jobs() const { return jobs_.size(); }

private:
    struct Job {
        transfer::SwarmJob what;
        transfer::SwarmEvents events;
        Bytes layer;
        std::set<FakeSwarm*> liars;
        std::set<std::uint64_t> came{};

        bool has(std::uint64_t index) const { return what.have[index] || came.contains(index); }
    };

    using JobPtr = std::shared_ptr<Job>;

    static bool knows(Job const& job, Endpoint const& other) {
        return std::ranges::any_of(job.what.peers, [&](transfer::SwarmPeer const& peer) {
            return std::ranges::any_of(peer.endpoints,
                                       [&](Endpoint const& one) { return one.ip == other.ip; });
        });
    }

    void move_later() {
        asio::post(owner_, [hub = &hub_] {
            bool moved = false;
            auto const all = hub->swarms;
            for (FakeSwarm* const each : all)
                moved = each->take_pieces() || moved;
            if (moved && !hub->swarms.empty()) hub->swarms.front()->move_later();
        });
    }

    bool take_pieces() {
        bool moved = false;
        auto const jobs = jobs_;
        for (auto const& [id, job] : jobs)
            moved = take_piece(id, *job) || moved;
        return moved;
    }

    /// One more piece from whoever has one.
    bool take_piece(transfer::SwarmJobId id, Job& job) {
        for (FakeSwarm* const other : hub_.swarms) {
            if (other == this || stalled_ || other->stalled_ || job.liars.contains(other)) continue;
            for (auto const& [other_id, theirs] : other->jobs_) {
                bool const meet = theirs->what.content_id == job.what.content_id &&
                                  knows(job, other->listening_) && knows(*theirs, listening_);
                if (!meet) continue;
                for (std::uint64_t i = 0; i < job.what.have.size(); ++i)
                    if (!job.has(i) && theirs->has(i)) return copy(id, job, *other, *theirs, i);
            }
        }
        return false;
    }

    bool copy(transfer::SwarmJobId id, Job& job, FakeSwarm& other, Job const& theirs,
              std::uint64_t index) {
        std::uint64_t const length = transfer::piece_length_for(job.what.size);
        std::uint64_t const at = index * length;
        Bytes piece(std::min(length, job.what.size - at));
        auto const& from = theirs.what.have[index] ? theirs.what.kept : theirs.what.fresh;
        auto const read = read_at(from->get(), piece, at);
        transfer::BlockTree tree;
        tree.write(piece);
        bool const right =
            read && transfer::finish_piece(tree, job.what.size) ==
                        transfer::piece_hash_in(job.what.content_id, job.layer, index);
        if (!right) {
            job.liars.insert(&other);
            job.events.dropped(other.listening_.ip, "it sent wrong bytes");
            return true;
        }
        if (!job.what.fresh || !write_all_at(job.what.fresh->get(), piece, at)) {
            auto const events = job.events;
            jobs_.erase(id);
            events.failed({Fault::io, "nowhere to write"});
            return true;
        }
        job.came.insert(index);
        traffic_.received += piece.size();
        other.traffic_.sent += piece.size();
        job.events.piece(index);
        return true;
    }

    asio::io_context& owner_;
    FakeSwarmHub& hub_;
    Endpoint listening_;
    std::map<transfer::SwarmJobId, JobPtr> jobs_;
    transfer::SwarmJobId last_ = 0;
    transfer::SwarmRates rates_;
    transfer::SwarmTraffic traffic_;
    bool away_ = false;
    bool stalled_ = false;
};

}  // namespace satchel::testing
