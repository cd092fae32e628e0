#include "transfer/swarm_link.h"

#include <thread>

#include <doctest/doctest.h>

#include "src/base/message_socket.h"
#include "tests/contract/swarm_contract.h"
#include "tests/support/await_on.h"
#include "tests/support/memory_file.h"
#include "tests/support/sample_blob.h"
#include "transfer/swarm_worker.h"

using namespace satchel;
using namespace satchel::transfer;

namespace {

/// A worker on a thread of its own stands for the process.
class LinkWithWorker final : public Swarm {
public:
    LinkWithWorker(asio::io_context& io, std::string const& ip) {
        auto ends = message_socket_pair();
        REQUIRE(ends);
        link_.emplace(io, std::move(ends->first), [] {});
        worker_ = std::thread([node = std::move(ends->second), ip]() mutable {
            static_cast<void>(run_swarm_worker(std::move(node), {ip, 0}));
        });
    }

    LinkWithWorker(LinkWithWorker const&) = delete;
    LinkWithWorker& operator=(LinkWithWorker const&) = delete;

    ~LinkWithWorker() override {
        link_.reset();
        worker_.join();
    }

    std::optional<Endpoint> listening() const override { return link_->listening(); }

    Result<SwarmJobId> start(SwarmJob job, SwarmEvents events) override {
        return link_->start(std::move(job), std::move(events));
    }

    void dial(SwarmJobId id) override { link_->dial(id); }

    void stop(SwarmJobId id) override { link_->stop(id); }

    void set_rates(SwarmRates const& rates) override { link_->set_rates(rates); }

    SwarmTraffic traffic() const override { return link_->traffic(); }

private:
    std::optional<SwarmLink> link_;
    std::thread worker_;
};

/// A link whose process is this test.
struct Bare {
    Bare() {
        auto ends = message_socket_pair();
        REQUIRE(ends);
        process = std::move(ends->second);
        link.emplace(io, std::move(ends->first), [this] { ++changes; });
    }

    void say(SwarmWord const& word) { CHECK(send_message(process.get(), encode_swarm_word(word))); }

    void come_up() {
        say(SwarmIsUp{{"127.0.0.1", 7474}});
        testing::run_until(io, [this] { return link->listening().has_value(); });
    }

    asio::io_context io;
    UniqueFd process;
    std::optional<SwarmLink> link;
    int changes = 0;
};

SwarmJob job_of(testing::SampleBlob const& blob) {
    SwarmJob job;
    job.content_id = blob.id();
    job.size = blob.size();
    job.layer = std::make_shared<UniqueFd>(testing::memory_file(text_of(blob.tree.layer)));
    job.have.resize(pieces_in(blob.size()));
    job.fresh = std::make_shared<UniqueFd>(testing::memory_file());
    return job;
}

}  // namespace

TEST_CASE("swarm link: keeps the contract") {
    testing::check_swarm_contract([](asio::io_context& io, std::string const& ip) {
        return std::make_unique<LinkWithWorker>(io, ip);
    });
}

TEST_CASE("swarm link: a process that dies ends its jobs, and nothing is asked of it any more") {
    Bare bare;
    auto const blob = testing::sample_blob(600'000);
    CHECK(bare.link->start(job_of(blob), {}).error().fault == Fault::unavailable);
    bare.come_up();
    std::optional<Error> failed;
    SwarmEvents events;
    events.failed = [&failed](Error error) { failed = std::move(error); };
    REQUIRE(bare.link->start(job_of(blob), std::move(events)));
    bare.process = UniqueFd();
    testing::run_until(bare.io, [&] { return failed.has_value(); });
    CHECK(failed->fault == Fault::unavailable);
    CHECK(bare.link->gone());
    CHECK_FALSE(bare.link->listening());
    CHECK(bare.changes == 2);
    CHECK(bare.link->start(job_of(blob), {}).error().fault == Fault::unavailable);
}

TEST_CASE("swarm link: a process that talks nonsense is not listened to any more") {
    Bare bare;
    bare.come_up();
    CHECK(send_message(bare.process.get(), bytes_of("nonsense")));
    testing::run_until(bare.io, [&] { return bare.link->gone(); });
    CHECK(bare.changes == 2);
}

TEST_CASE("swarm link: words about pieces and jobs that there are not say nothing") {
    Bare bare;
    bare.come_up();
    auto const blob = testing::sample_blob(600'000);  // three pieces
    std::vector<std::uint64_t> pieces;
    SwarmEvents events;
    events.piece = [&pieces](std::uint64_t index) { pieces.push_back(index); };
    auto const id = bare.link->start(job_of(blob), std::move(events));
    REQUIRE(id);
    bare.say(SwarmPieceCame{*id, 3});
    bare.say(SwarmPieceCame{*id + 1, 0});
    bare.say(SwarmJobReady{*id + 7});
    bare.say(SwarmPieceCame{*id, 2});
    testing::run_until(bare.io, [&] { return !pieces.empty(); });
    CHECK(pieces == std::vector<std::uint64_t>{2});
}
