// What becomes of a fetch when a node falls silent in the middle, or lies.
#include "src/node/blob_fetcher.h"

#include <doctest/doctest.h>

#include "src/base/sodium_randomness.h"
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
    explicit World(SlowLine const& line, std::uint64_t bytes = 900'000)
        : blob(sample_blob(bytes))
        , lab({}, soon_impatient())
        , proxy(lab.io, lab.peer.endpoints.front(), line, 1)
        , elsewhere(*transfer::DiskBlobStore::open(options_in(lab.folder / "alice"), lab.clock))
        , fetcher({lab.io, lab.pool, lab.alice.client, *elsewhere, lab.clock}) {
        lab.host.own_nodes = {NodeKey(lab.parties.sender_node.public_key())};
        put_into(*lab.store);
    }

    void put_into(transfer::BlobStore& store) const {
        auto holding = sample_holding(1, "");
        holding.recipient = address_tag(lab.parties.recipient);
        auto const upload = std::move(*store.receive(blob.id(), blob.size(), ""));
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

    SampleBlob const blob;
    ControlLab lab;
    SlowProxy proxy;
    std::unique_ptr<transfer::DiskBlobStore> elsewhere;
    BlobFetcher fetcher;
};

/// A blob that two nodes of bob's hold; what the first has is damaged, and it falls silent in the
/// middle of a piece.
struct TwoSources : World {
    TwoSources()
        : World({400'000, 0}, std::size_t{9} * 1024 * 1024) {
        std::uint64_t const damaged = transfer::piece_length_for(blob.size()) + 10;
        auto const file = lab.folder / "bob" / "blobs" / blob.id().to_hex().substr(0, 2);
        auto const fd = open_file((file / blob.id().to_hex()).string(), O_RDWR);
        REQUIRE(fd);
        REQUIRE(write_all_at(fd->get(), bytes_of("what nobody has sent"), damaged));
        put_into(*other_store);
        auto started = transfer::ControlServer::start(
            {lab.io, lab.pool, *other_store, lab.host, other_key, lab.clock, lab.log},
            {"127.0.0.1", 0}, {});
        REQUIRE(started);
        other_server = std::move(*started);
    }

    TwoSources(TwoSources const&) = delete;
    TwoSources& operator=(TwoSources const&) = delete;

    ~TwoSources() {
        lab.alice.client.stop();
        lab.await(drained());
    }

    BlobHolder other_holder() const {
        BlobHolder other = holder();
        other.peer = {NodeKey(other_key.public_key()), {other_server->listening()}};
        return other;
    }

    SystemRandomness chance;
    SigningKey other_key = SigningKey::generate(chance);
    std::unique_ptr<transfer::DiskBlobStore> other_store =
        *transfer::DiskBlobStore::open(options_in(lab.folder / "carol"), lab.clock);
    std::unique_ptr<transfer::ControlServer> other_server;

private:
    asio::awaitable<bool> drained() {
        co_await other_server->drain();
        co_return true;
    }
};

}  // namespace

TEST_CASE("blob fetcher: who completes a piece that another has begun wrongly is not blamed") {
    TwoSources world;
    CHECK(world.lab.await(world.fetcher.take(world.holder(), {}, {world.other_holder()})));
    check_whole(*world.elsewhere, world.blob);
}

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
