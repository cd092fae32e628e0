#include "src/node/transfer_board.h"

#include <array>

#include <doctest/doctest.h>

#include "src/core/file_label.h"
#include "src/node/transfer_history.h"
#include "tests/support/fake_clock.h"
#include "tests/support/seeded_randomness.h"
#include "tests/support/temp_folder.h"
#include "transfer/age_file.h"

namespace satchel::node {

namespace {

struct World {
    testing::SeededRandomness chance{"board"};
    testing::FakeClock clock{1'800'000'000};
    Identity identity = identity_of(chance);
    TransferBoard board{identity, clock};

    static Identity identity_of(Randomness& chance) {
        Identity identity{{}, SigningKey::generate(chance), {}, SigningKey::generate(chance)};
        identity.age.push_back(AgeIdentity::generate(chance));
        return identity;
    }

    /// With a label that the home's key opens.
    Offer offer(Byte number, std::string const& name) {
        Offer offer;
        offer.content_id.bytes[0] = number;
        offer.size = 1000;
        offer.sender = "alice@a.test";
        FileLabel label;
        label.name = name;
        offer.label =
            transfer::encrypt_age(std::array{identity.recipient()}, encode_label(label), chance)
                .value();
        return offer;
    }

    std::vector<std::string> shown() const {
        std::vector<std::string> lines;
        for (Transfer const& one : board.all())
            lines.push_back(one.name + ' ' + to_string(one.state));
        return lines;
    }
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("transfer board: what was broken off is forgotten when it has come") {
    World world;
    world.board.broken_off(world.offer(1, "../film.mov"), 400, "the connection broke");
    world.board.refused(world.offer(2, "big.iso"), "over 5 MB are not taken");
    REQUIRE(world.board.all().size() == 2);
    Transfer const& failed = world.board.all().front();
    CHECK(failed.way == Transfer::Way::in);
    CHECK(failed.name.find('/') == std::string::npos);
    CHECK(failed.peer == "alice@a.test");
    CHECK(failed.done == 400);
    CHECK(failed.reason == "the connection broke");
    world.board.broken_off(world.offer(1, "film.mov"), 600, "again");
    CHECK(world.shown() == Lines{"big.iso refused", "film.mov failed"});
    world.board.arrived(world.offer(1, "film.mov"), "direct");
    CHECK(world.shown() == Lines{"big.iso refused", "film.mov done"});
    CHECK(world.board.all().back().route == "direct");
    CHECK(world.board.all().back().done == 1000);
    Offer sealed = world.offer(3, "x");
    sealed.label = Bytes{1, 2, 3};
    world.board.arrived(sealed, "pull");
    CHECK(world.board.all().back().name.empty());
}

TEST_CASE("transfer board: bounded, what moves stays, refusals crowd out nobody") {
    World world;
    Transfer leaving;
    leaving.name = "moving";
    auto const moving = world.board.begin(leaving);
    leaving.name = "ends";
    auto const ends = world.board.begin(leaving);
    for (unsigned n = 0; n < 3 * TransferBoard::remembered_max; ++n) {
        world.board.arrived(world.offer(static_cast<Byte>(n), "a"), "direct");
        world.board.refused(world.offer(static_cast<Byte>(n), "b"), "no");
    }
    CHECK(world.board.all().size() ==
          2 + TransferBoard::remembered_max + TransferBoard::refused_max);
    REQUIRE(world.board.find(moving) != nullptr);
    world.board.end(ends, Transfer::State::failed);
    CHECK(world.board.find(ends) == nullptr);
    CHECK(world.board.all().back().name == "ends");
    CHECK(world.board.all().back().ended == 1'800'000'000);
    world.board.end(ends, Transfer::State::done);
    CHECK(world.board.all().back().state == Transfer::State::failed);
}

TEST_CASE("transfer history: the latest come back, the oldest go, and damage is got over") {
    testing::TempFolder const folder;
    auto const file = folder / "transfers.db";
    World world;
    {
        auto history = TransferHistory::open(file).value();
        world.board.on_over([&](Transfer const& one) { REQUIRE(history.keep(one)); });
        for (unsigned n = 0; n < TransferHistory::kept_max; ++n)
            world.board.arrived(world.offer(static_cast<Byte>(n), "old"), "direct");
        world.board.refused(world.offer(7, "big.iso"), "over \xff 5 MB");
        Transfer plan;
        plan.name = "plan.pdf";
        plan.peer = "bob@b.test";
        auto const number = world.board.begin(plan);
        world.board.find(number)->reason = "no node answers";
        world.board.end(number, Transfer::State::failed);
    }
    World later;
    {
        auto history = TransferHistory::open(file).value();
        auto const latest = history.latest().value();
        REQUIRE(latest.size() == TransferHistory::kept_max);
        later.board.restore(latest);
    }
    Transfer const& last = later.board.all().back();
    CHECK(last.way == Transfer::Way::out);
    CHECK(last.state == Transfer::State::failed);
    CHECK(last.reason == "no node answers");
    CHECK(last.peer == "bob@b.test");
    CHECK(later.shown()[later.shown().size() - 2] == "big.iso refused");
    std::filesystem::resize_file(file, 3000);
    auto anew = TransferHistory::open(file);
    REQUIRE(anew);
    CHECK(anew->latest().value().empty());
}

}  // namespace satchel::node
