#include "src/node/cataloguer.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "tests/support/asked_store.h"
#include "tests/support/await_on.h"
#include "tests/support/memory_blob_store.h"
#include "tests/support/seeded_randomness.h"
#include "tests/support/temp_folder.h"

using namespace satchel;
using namespace satchel::node;
using namespace satchel::testing;

namespace {

/// A node's catalogue, and the store it follows.
struct Shelf {
    Shelf() {
        REQUIRE(home.ensure());
        auto opened = TrustSource::open(home, {});
        REQUIRE(opened);
        trust.emplace(std::move(*opened));
        users.emplace(ServedUsers::World{io, identity, *trust, log}, std::vector<Address>());
        auto made = Cataloguer::open(folder / "catalogue.db",
                                     {io, workers, store, retriever, *users, identity, log});
        REQUIRE(made);
        cataloguer = std::move(*made);
    }

    /// What a worker is at uses the catalogue.
    ~Shelf() { workers.finish(); }

    /// Until the catalogue has followed.
    void change(ContentId const& id) {
        auto const before = cataloguer->state().revision;
        cataloguer->note_change(id);
        run_until(io, [&] {
            return cataloguer->state().revision > before && cataloguer->state().complete;
        });
    }

    std::vector<CatalogueEntry> shown() {
        auto page = cataloguer->catalogue().find(CatalogueQuery{});
        REQUIRE(page);
        return page->entries;
    }

    TempFolder folder;
    Home home{folder.path() / "home"};
    asio::io_context io;
    WorkerPool workers{io, 1};
    SeededRandomness chance;
    EventLog log{STDERR_FILENO, EventLog::Level::error};
    Identity identity = generate_identity({*Address::parse("bob@b.test")}, chance);
    std::optional<TrustSource> trust;
    std::optional<ServedUsers> users;
    MemoryBlobStore store;
    Retriever retriever{io, store, workers, identity};
    std::unique_ptr<Cataloguer> cataloguer;
};

}  // namespace

TEST_CASE("cataloguer: what comes in a row is entered together, and not at once") {
    Shelf shelf;
    for (std::uint64_t const seed : {std::uint64_t{1}, std::uint64_t{2}}) {
        auto const blob = sample_blob(1'000, seed);
        auto const upload = begin(shelf.store, blob);
        REQUIRE(upload->write(blob.view()));
        REQUIRE(upload->finish(sample_holding(1)));
        shelf.cataloguer->note_change(blob.id());
    }
    shelf.io.poll();
    SUBCASE("where the node goes on") {
        run_until(shelf.io, [&] { return shelf.cataloguer->state().revision > 0; });
        CHECK(shelf.cataloguer->state().revision == 1);
        CHECK(shelf.shown().size() == 2);
    }
    SUBCASE("where it ends before that") {
        shelf.cataloguer->stop();
        shelf.io.restart();
        shelf.io.run();
        CHECK(shelf.shown().empty());
    }
}

TEST_CASE("cataloguer: a damaged blob is shown as long as somebody holds it") {
    Shelf shelf;
    auto const blob = sample_blob(1'000);
    {
        auto const upload = begin(shelf.store, blob);
        REQUIRE(upload->write(blob.view()));
        REQUIRE(upload->finish(sample_holding(1)));
    }
    REQUIRE(shelf.store.hold(blob.id(), sample_holding(2)));
    shelf.change(blob.id());
    REQUIRE(shelf.shown().size() == 1);
    CHECK(shelf.shown().front().holdings == 2);

    REQUIRE(*shelf.store.set_aside(blob.id()));
    CHECK(*shelf.store.release(blob.id(), sample_holding(2).recipient));
    shelf.change(blob.id());
    REQUIRE(shelf.shown().size() == 1);
    CHECK(shelf.shown().front().holdings == 1);

    CHECK(*shelf.store.release(blob.id(), sample_holding(1).recipient));
    shelf.change(blob.id());
    CHECK(shelf.shown().empty());
}
