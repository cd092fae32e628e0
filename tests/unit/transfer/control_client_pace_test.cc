// A source that falls silent in the middle, or nearly so, is noticed; one that is slow is not left.
#include <doctest/doctest.h>

#include "tests/support/control_lab.h"
#include "tests/support/slow_proxy.h"

using namespace satchel;
using namespace satchel::transfer;
using namespace satchel::testing;

namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

ClientLimits with_pace(std::chrono::milliseconds patience, std::uint64_t bytes_min) {
    ClientLimits limits;
    limits.pace = {patience, bytes_min};
    return limits;
}

/// Bob's node holds a blob, and alice's fetches it through a line of this kind.
struct FetchLab {
    FetchLab(Pace const& pace, SlowLine const& line, int slow)
        : lab({}, with_pace(pace.patience, pace.bytes_min))
        , proxy(lab.io, lab.peer.endpoints.front(), line, slow)
        , peer{lab.peer.key, {proxy.endpoint()}}
        , elsewhere(*DiskBlobStore::open(options_in(lab.folder / "alice"), lab.clock)) {
        lab.host.own_nodes = {NodeKey(lab.parties.sender_node.public_key())};
        auto holding = sample_holding(1, "");
        holding.recipient = address_tag(lab.parties.recipient);
        auto const upload = std::move(*lab.store->receive(blob.id(), blob.size(), ""));
        REQUIRE(upload->write(blob.view()));
        REQUIRE(upload->finish(holding));
        into = std::move(*elsewhere->receive(blob.id(), blob.size(), ""));
    }

    Status fetch() {
        ControlClient::BlobFetch fetch;
        fetch.id = blob.id();
        fetch.size = blob.size();
        fetch.into = into;
        return lab.await(lab.alice.client.fetch_blob(peer, fetch));
    }

    void check_all_there() {
        REQUIRE(into->finish(sample_holding(1)));
        check_whole(*elsewhere, blob);
    }

    SampleBlob const blob = sample_blob(900'000);
    ControlLab lab;
    SlowProxy proxy;
    Peer peer;
    std::unique_ptr<DiskBlobStore> elsewhere;
    std::shared_ptr<BlobUpload> into;
};

}  // namespace

TEST_CASE("control_client: who falls silent in the middle is noticed, and what came is kept") {
    struct Row {
        char const* why;
        SlowLine line;
    };

    for (Row const& row :
         {Row{"silence", {400'000, 0}}, Row{"a byte now and then", {400'000, 1, 15ms}},
          // Of which TLS shows nothing before it is there to its end.
          Row{"in the middle of a record", {401'000, 0}}}) {
        CAPTURE(std::string(row.why));
        FetchLab its({250ms, 4'096}, row.line, 1);
        auto const begun = SteadyClock::now();
        Status const first = its.fetch();
        REQUIRE_FALSE(first);
        CHECK(first.error().fault == Fault::timed_out);
        CHECK(SteadyClock::now() - begun >= 250ms);
        CHECK(SteadyClock::now() - begun < 10s);
        CHECK(its.into->offset() > 370'000);
        // The caller has gone elsewhere, or comes back.
        CHECK(its.fetch());
        CHECK(its.proxy.connections() == 2);
        CHECK(its.proxy.brought() > 900'000);
        CHECK(its.proxy.brought() < 960'000);
        its.check_all_there();
    }
}

TEST_CASE("control_client: a slow line is none that is silent") {
    // Half a MiB takes longer than the patience, so does the whole: bytes count, not chunks.
    FetchLab its({500ms, 4'096}, {20'000, 4'096, 4ms}, 1);
    auto const begun = SteadyClock::now();
    CHECK(its.fetch());
    CHECK(SteadyClock::now() - begun > 700ms);
    CHECK(its.proxy.connections() == 1);
    its.check_all_there();
}

TEST_CASE("control_client: within 40 seconds a node is known to be silent, and 1 KB/s is enough") {
    Pace const pace = ClientLimits().pace;
    CHECK(pace.patience + pace.patience / 8 < 40s);
    CHECK(pace.bytes_min < 1'000 * static_cast<std::uint64_t>(pace.patience.count()) / 1'000);
}
