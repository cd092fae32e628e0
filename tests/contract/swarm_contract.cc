#include "tests/contract/swarm_contract.h"

#include <algorithm>
#include <set>

#include <doctest/doctest.h>

#include "tests/support/await_on.h"
#include "tests/support/memory_file.h"
#include "tests/support/sample_blob.h"

using namespace satchel::transfer;

namespace satchel::testing {

namespace {

constexpr std::uint64_t blob_bytes = 3 * 1024 * 1024 + 12'345;  // 13 pieces, the last one short

/// One node in a swarm, and all that it has heard.
class Member {
public:
    Member(asio::io_context& io, MakeSwarm const& make, std::string const& ip)
        : io_(io)
        , swarm_(make(io, ip)) {
        run_until(io, [this] { return swarm_->listening().has_value(); });
    }

    SwarmPeer as_peer() const { return {{*swarm_->listening()}}; }

    Swarm& swarm() { return *swarm_; }

    SwarmJob job(SampleBlob const& blob, std::vector<SwarmPeer> peers) const {
        SwarmJob job;
        job.content_id = blob.id();
        job.size = blob.size();
        job.layer = std::make_shared<UniqueFd>(memory_file(text_of(blob.tree.layer)));
        job.peers = std::move(peers);
        job.have.resize(pieces_in(blob.size()));
        return job;
    }

    void start(SwarmJob job) {
        fresh_ = job.fresh;
        SwarmEvents events{.ready = [this] { ready = true; },
                           .piece = [this](std::uint64_t index) { pieces.insert(index); },
                           .dropped = [this](auto const&, auto const&) { ++dropped; },
                           .failed = [this](Error const& error) { failure = error.what; }};
        auto const started = swarm_->start(std::move(job), std::move(events));
        REQUIRE(started);
        id = *started;
    }

    void seed(SampleBlob const& blob, std::vector<SwarmPeer> peers,
              std::string_view bytes_instead = {}) {
        SwarmJob all = job(blob, std::move(peers));
        all.have.assign(all.have.size(), true);
        all.kept = std::make_shared<UniqueFd>(
            memory_file(bytes_instead.empty() ? text_of(blob.bytes) : bytes_instead));
        start(std::move(all));
        run_until(io_, [this] { return ready; });
    }

    void receive(SampleBlob const& blob, std::vector<SwarmPeer> peers, SwarmShare share = {}) {
        SwarmJob none = job(blob, std::move(peers));
        none.share = share;
        none.fresh = std::make_shared<UniqueFd>(memory_file());
        start(std::move(none));
        run_until(io_, [this] { return ready; });
    }

    std::string fresh() const { return text_in(*fresh_); }

    bool ready = false;
    std::multiset<std::uint64_t> pieces;
    int dropped = 0;
    std::string failure;
    SwarmJobId id = 0;

private:
    asio::io_context& io_;
    std::unique_ptr<Swarm> swarm_;
    std::shared_ptr<UniqueFd> fresh_;
};

}  // namespace

void check_swarm_contract(MakeSwarm const& make) {
    asio::io_context io;
    SampleBlob const blob = sample_blob(blob_bytes);
    std::uint64_t const count = pieces_in(blob_bytes);
    Member sender(io, make, "127.0.0.11");
    Member bob(io, make, "127.0.0.12");
    Member carol(io, make, "127.0.0.13");
    SwarmPeer const at_sender = sender.as_peer();
    SwarmPeer const at_bob = bob.as_peer();
    SwarmPeer const at_carol = carol.as_peer();

    SUBCASE("all receivers get all pieces, each once") {
        bob.receive(blob, {at_sender, at_carol}, {0, 2});
        carol.receive(blob, {at_sender, at_bob}, {1, 2});
        sender.seed(blob, {at_bob, at_carol});
        run_until(io, [&] { return bob.pieces.size() == count && carol.pieces.size() == count; });
        CHECK(bob.fresh() == text_of(blob.bytes));
        CHECK(carol.fresh() == text_of(blob.bytes));
        for (std::uint64_t i = 0; i < count; ++i) {
            CHECK(bob.pieces.count(i) == 1);
            CHECK(carol.pieces.count(i) == 1);
        }
        CHECK(sender.pieces.empty());
        CHECK(bob.dropped + carol.dropped == 0);
        run_until(io, [&] { return sender.swarm().traffic().sent >= blob_bytes; });
        run_until(io, [&] { return bob.swarm().traffic().received >= blob_bytes; });
    }

    SUBCASE("what is there already does not come again, and is passed on") {
        SwarmJob rest = bob.job(blob, {at_sender, at_carol});
        std::string half(text_of(blob.bytes));
        for (std::size_t i = 0; i < count; ++i)
            rest.have[i] = i % 2 == 0;
        rest.kept = std::make_shared<UniqueFd>(memory_file(half));
        rest.fresh = std::make_shared<UniqueFd>(memory_file());
        bob.start(std::move(rest));
        run_until(io, [&] { return bob.ready; });
        carol.receive(blob, {at_bob});
        run_until(io, [&] { return carol.pieces.size() == (count + 1) / 2; });
        for (std::uint64_t const index : carol.pieces)
            CHECK(index % 2 == 0);
        sender.seed(blob, {at_bob});
        run_until(io, [&] { return bob.pieces.size() == count / 2; });
        for (std::uint64_t const index : bob.pieces)
            CHECK(index % 2 == 1);
        run_until(io, [&] { return carol.pieces.size() == count; });
        CHECK(carol.fresh() == text_of(blob.bytes));
    }

    SUBCASE("nobody else gets anything") {
        sender.seed(blob, {at_bob});
        carol.receive(blob, {at_sender});
        bob.receive(blob, {at_sender});
        run_until(io, [&] { return bob.pieces.size() == count; });
        CHECK(carol.pieces.empty());
    }

    SUBCASE("nor does a peer of another transfer, though it knows the name of this one") {
        auto const other = sample_blob(blob_bytes, 2);
        sender.seed(blob, {at_bob});
        SwarmJob second = sender.job(other, {at_carol});
        second.have.assign(count, true);
        second.kept = std::make_shared<UniqueFd>(memory_file(text_of(other.bytes)));
        int ready = 0;
        int stolen = 0;
        SwarmEvents const events{.ready = [&ready] { ++ready; },
                                 .piece = [&stolen](std::uint64_t) { ++stolen; },
                                 .dropped = [](auto const&, auto const&) {},
                                 .failed = [](Error const&) {}};
        REQUIRE(sender.swarm().start(std::move(second), events));
        SwarmJob theft = carol.job(blob, {at_sender});
        theft.fresh = std::make_shared<UniqueFd>(memory_file());
        REQUIRE(carol.swarm().start(std::move(theft), events));
        run_until(io, [&] { return ready == 2; });
        carol.receive(other, {at_sender});
        bob.receive(blob, {at_sender});
        run_until(io, [&] { return carol.pieces.size() == count && bob.pieces.size() == count; });
        CHECK(stolen == 0);
    }

    SUBCASE("who sends wrong bytes is dropped, and the blob comes from others") {
        std::string const garbage(blob.size(), 'x');
        sender.seed(blob, {at_bob}, garbage);
        bob.receive(blob, {at_sender, at_carol});
        run_until(io, [&] { return bob.dropped > 0; });
        CHECK(bob.pieces.empty());
        carol.seed(blob, {at_bob});
        bob.swarm().dial(bob.id);
        run_until(io, [&] { return bob.pieces.size() == count; });
        CHECK(bob.fresh() == text_of(blob.bytes));
    }

    SUBCASE("a job that was stopped says nothing more") {
        bob.receive(blob, {at_sender});
        bob.swarm().stop(bob.id);
        bob.swarm().stop(bob.id);
        sender.seed(blob, {at_bob, at_carol});
        carol.receive(blob, {at_sender});
        run_until(io, [&] { return carol.pieces.size() == count; });
        CHECK(bob.pieces.empty());
        CHECK(bob.failure.empty());
    }

    SUBCASE("a layer of another blob ends the job") {
        SwarmJob wrong = bob.job(blob, {at_sender});
        auto const other = sample_blob(blob_bytes, 2);
        wrong.layer = std::make_shared<UniqueFd>(memory_file(text_of(other.tree.layer)));
        wrong.fresh = std::make_shared<UniqueFd>(memory_file());
        SwarmEvents events{
            .ready = {}, .piece = {}, .dropped = {}, .failed = [&](Error const& error) {
                bob.failure = error.what;
            }};
        auto const started = bob.swarm().start(std::move(wrong), std::move(events));
        if (started) run_until(io, [&] { return !bob.failure.empty(); });
        CHECK_FALSE((started && bob.failure.empty()));
    }

    SUBCASE("a full or missing disk ends the job, not the swarm") {
        SwarmJob nowhere = bob.job(blob, {at_sender});
        nowhere.fresh = nullptr;
        bob.start(std::move(nowhere));
        sender.seed(blob, {at_bob, at_carol});
        run_until(io, [&] { return !bob.failure.empty(); });
        carol.receive(blob, {at_sender});
        run_until(io, [&] { return carol.pieces.size() == count; });
    }
}

}  // namespace satchel::testing
