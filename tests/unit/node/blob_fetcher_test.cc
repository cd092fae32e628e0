// How long a fetch stays with a node that falls silent in the middle.
#include "src/node/blob_fetcher.h"

#include <doctest/doctest.h>

#include "tests/support/control_lab.h"
#include "tests/support/slow_proxy.h"

namespace satchel::node {

namespace {

using namespace std::chrono_literals;
using namespace satchel::testing;

transfer::ClientLimits soon_impatient() {
    transfer::ClientLimits limits;
    limits.pace = {250ms, 4'096};
    return limits;
}

/// Bob's node holds a blob, and alice's takes it through a line whose first connection is as given.
struct World {
    explicit World(SlowLine const& line)
        : lab({}, soon_impatient())
        , proxy(lab.io, lab.peer.endpoints.front(), line, 1)
        , elsewhere(*transfer::DiskBlobStore::open(options_in(lab.folder / "alice"), lab.clock))
        , fetcher({lab.io, lab.pool, lab.alice.client, *elsewhere, lab.clock}) {
        lab.host.own_nodes = {NodeKey(lab.parties.sender_node.public_key())};
        auto holding = sample_holding(1, "");
        holding.recipient = address_tag(lab.parties.recipient);
        auto const upload = std::move(*lab.store->receive(blob.id(), blob.size(), ""));
        REQUIRE(upload->write(blob.view()));
        REQUIRE(upload->finish(holding));
    }

    BlobHolder holder() const {
        BlobHolder holder{{lab.peer.key, {proxy.endpoint()}}, {}, ""};
        holder.offer.content_id = blob.id();
        holder.offer.size = blob.size();
        holder.offer.recipient = address_tag(lab.parties.recipient);
        return holder;
    }

    SampleBlob const blob = sample_blob(900'000);
    ControlLab lab;
    SlowProxy proxy;
    std::unique_ptr<transfer::DiskBlobStore> elsewhere;
    BlobFetcher fetcher;
};

}  // namespace

TEST_CASE("blob fetcher: the only node that has it may pause, as long as something came") {
    struct Row {
        char const* why;
        std::uint64_t freely;  ///< bytes, before the silence
        bool others;
        bool taken;
    };

    for (Row const& row : {Row{"nobody else has it", 400'000, false, true},
                           Row{"somebody else may", 400'000, true, false},
                           Row{"hardly anything came", 10'000, false, false}}) {
        CAPTURE(std::string(row.why));
        World world({row.freely, 0});
        std::vector<BlobHolder> others;
        if (row.others) others.push_back(world.holder());
        Status const taken = world.lab.await(world.fetcher.take(world.holder(), {}, others));
        CHECK(taken.has_value() == row.taken);
        if (!taken) CHECK(taken.error().fault == Fault::timed_out);
        CHECK(world.proxy.connections() == (row.taken ? 2 : 1));
        if (row.taken) check_whole(*world.elsewhere, world.blob);
    }
}

}  // namespace satchel::node
