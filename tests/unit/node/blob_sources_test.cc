#include "src/node/blob_sources.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "tests/support/asked_store.h"
#include "tests/support/await_on.h"
#include "tests/support/control_lab.h"

using namespace satchel;
using namespace satchel::node;
using namespace satchel::testing;

namespace {

using namespace std::chrono_literals;

/// What one source says, and after how long.
struct Says {
    std::chrono::milliseconds after{0};
    std::optional<Error> find{};                            ///< none: it has a holder
    std::vector<std::optional<Error>> takes{std::nullopt};  ///< of one holder each
};

/// Asks sources that answer as told; notes whom it asked, and whom it took from.
struct Asking {
    asio::io_context io{};
    std::string asked{};
    std::string taken{};
    std::string helpers{};  ///< of the same source, each time
    std::vector<BlobSource> sources{};
    std::vector<Says> answers{};

    explicit Asking(std::vector<Says> says)
        : answers(std::move(says)) {
        for (std::size_t i = 0; i < answers.size(); ++i) {
            auto find = [this, i]() -> asio::awaitable<Result<std::vector<BlobHolder>>> {
                asked += std::to_string(i);
                asio::steady_timer timer(io, answers[i].after);
                boost::system::error_code ignored;
                co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
                if (answers[i].find) co_return fail(*answers[i].find);
                std::vector<BlobHolder> holders(answers[i].takes.size());
                for (std::size_t j = 0; j < holders.size(); ++j) {
                    holders[j].account = std::to_string(i);
                    holders[j].offer.size = j;
                }
                co_return holders;
            };
            sources.push_back({std::to_string(i), 20ms, find});
        }
    }

    Result<std::string> run() {
        TakeBlob const take = [this](BlobHolder holder,
                                     std::vector<BlobHolder> others) -> asio::awaitable<Status> {
            taken += holder.account;
            helpers += std::to_string(others.size());
            auto const& error = answers[std::stoul(holder.account)].takes[holder.offer.size];
            if (error) co_return fail(*error);
            co_return Status();
        };
        return await_on(io, take_from_first(io, sources, take));
    }
};

}  // namespace

TEST_CASE("blob_sources: in order, until one gives it") {
    Error const none{Fault::not_found, "none"};
    Error const away{Fault::unavailable, "away"};
    Error const silent{Fault::timed_out, "silent"};
    Error const full{Fault::no_space, "our disk"};
    Error const lies{Fault::corrupt, "piece 3 is wrong"};

    struct Row {
        char const* why;
        std::vector<Says> says;
        std::string from;  ///< "": nobody
        Fault fault;
        std::string asked;
        std::string taken;
    };

    for (Row const& row : {
             Row{"the first", {{}, {}, {}}, "0", {}, "0", "0"},
             Row{"the second", {{0ms, none}, {}, {}}, "1", {}, "01", "1"},
             Row{"the last", {{0ms, none}, {0ms, away}, {}}, "2", {}, "012", "2"},
             Row{"nobody", {{0ms, none}, {0ms, none}}, "", Fault::not_found, "01", ""},
             Row{"it may yet be there",
                 {{0ms, none}, {0ms, away}},
                 "",
                 Fault::unavailable,
                 "01",
                 ""},
             Row{"the first trouble counts",
                 {{0ms, silent}, {0ms, away}, {0ms, none}},
                 "",
                 Fault::timed_out,
                 "012",
                 ""},
             Row{"no source", {}, "", Fault::not_found, "", ""},
             Row{"another holder of the first", {{0ms, {}, {away, {}}}, {}}, "0", {}, "0", "00"},
             Row{"the first breaks off", {{0ms, {}, {away}}, {}}, "1", {}, "01", "01"},
             Row{"the first lies", {{0ms, {}, {lies}}, {}}, "1", {}, "01", "01"},
             Row{"a full disk is not the sources' fault",
                 {{0ms, {}, {full}}, {}},
                 "",
                 Fault::no_space,
                 "0",
                 "0"},
             Row{"nobody waits for a silent one", {{5s, silent}, {}}, "1", {}, "01", "1"},
             Row{"a late one is better than none", {{100ms}, {0ms, none}}, "0", {}, "01", "0"},
         }) {
        CAPTURE(row.why);
        Asking asking(row.says);
        auto const from = asking.run();
        CHECK(asking.asked == row.asked);
        CHECK(asking.taken == row.taken);
        CHECK(from.has_value() == !row.from.empty());
        if (from) CHECK(*from == row.from);
        if (!from) CHECK(from.error().fault == row.fault);
    }
}

namespace {

/// Alice's side serves, too: bob can come for what she has offered.
struct SendingNode {
    SendingNode(ControlLab& lab, SampleBlob const& blob) {
        auto started = transfer::ControlServer::start(
            {lab.io, lab.pool, *lab.store, host, lab.parties.sender_node, lab.clock, lab.log},
            {"127.0.0.1", 0});
        REQUIRE(started);
        server = std::move(*started);
        Offer draft = lab.parties.draft(blob.id(), blob.size());
        draft.control = {server->listening()};
        offer = lab.parties.signed_by_user(draft);
        host.offers_out = {offer};
        host.content_out = lab.file_of(blob);
        host.size_out = blob.size();
    }

    FakeControlHost host;
    std::unique_ptr<transfer::ControlServer> server;
    Offer offer;
};

transfer::ServerLimits hurried() {
    transfer::ServerLimits limits;
    limits.takeover_idle = std::chrono::seconds(0);
    return limits;
}

}  // namespace

TEST_CASE("blob_sources: the holders of one source may help each other") {
    Asking asking({{0ms, {}, {Error{Fault::unavailable, "away"}, {}, {}}}, {}});
    CHECK(asking.run());
    CHECK(asking.helpers == "21");
}

TEST_CASE("blob_sources: the sender of an offer that was let in is known, and gives the blob") {
    ControlLab lab(hurried());
    SampleBlob const blob = sample_blob(200'000);
    SendingNode sender(lab, blob);
    ControlCaller bob(lab.io, lab.pool, lab.parties.recipient_node);
    BlobFetcher fetcher({lab.io, lab.pool, bob.client, *lab.store, lab.clock});
    auto const fetch = [&] {
        auto const known = lab.server->offers_of(blob.id());
        REQUIRE(known.size() == 1);
        Offer const& offer = known.front().offer;
        return lab.await(
            fetcher.take({{offer.sender_node, offer.control}, offer, known.front().account}, {}));
    };
    CHECK(lab.server->offers_of(blob.id()).empty());
    REQUIRE(lab.await(lab.alice.client.offer(lab.peer, sender.offer, std::nullopt)));
    SUBCASE("it has it still") {
        REQUIRE(fetch());
        auto const held = *lab.store->find(blob.id());
        REQUIRE(held);
        CHECK(held->holdings.front().grant == sender.offer.grant);
        CHECK(held->holdings.front().sender == sender.offer.sender);
    }
    SUBCASE("it has given it up") {
        sender.host.offers_out.clear();
        CHECK_FALSE(fetch());
        CHECK_FALSE(lab.holds(blob));
    }
    SUBCASE("it lies") {
        sender.host.content_out = lab.file_of(blob);
        REQUIRE(write_all_at(sender.host.content_out->get(), Bytes(10, 0), 100'000));
        CHECK_FALSE(fetch());
        CHECK_FALSE(lab.holds(blob));
    }
    bob.client.stop();
    sender.server->stop();
}

TEST_CASE("blob_sources: where a damaged blob does not come again, whom it is for stays") {
    ControlLab lab(hurried());
    SampleBlob const blob = sample_blob(900'000);
    SendingNode sender(lab, blob);
    ControlCaller bob(lab.io, lab.pool, lab.parties.recipient_node);
    BlobFetcher fetcher({lab.io, lab.pool, bob.client, *lab.store, lab.clock});
    {
        auto const upload = begin(*lab.store, blob);
        REQUIRE(upload->write(blob.view()));
        REQUIRE(upload->finish(sample_holding(1)));
        REQUIRE(lab.store->hold(blob.id(), sample_holding(2)));
    }
    auto const hex = blob.id().to_hex();
    auto const path = lab.folder / "bob" / "blobs" / hex.substr(0, 2) / hex;
    REQUIRE(::truncate(path.c_str(), 300'000) == 0);
    CHECK(*lab.store->set_aside(blob.id()));
    // An offer of it is no longer answered by a receipt, but by what is wanted.
    auto const answer =
        lab.await(lab.alice.client.offer(lab.peer, sender.offer, std::nullopt)).value();
    REQUIRE(std::holds_alternative<transfer::OfferProgress>(answer));
    auto const fetch = [&] {
        // Its upload, which nobody feeds, gives way.
        CHECK(lab.server->offers_of(blob.id()).size() == 1);
        return lab.await(
            fetcher.take({{sender.offer.sender_node, sender.offer.control}, sender.offer, ""}, {}));
    };
    sender.host.offers_out.clear();
    CHECK_FALSE(fetch());
    auto const all = lab.store->list().value();
    REQUIRE(all.size() == 1);
    CHECK(all.front().set_aside);
    CHECK(all.front().holdings.size() == 2);
    CHECK_FALSE(lab.holds(blob));
    sender.host.offers_out = {sender.offer};
    REQUIRE(fetch());
    auto const held = *lab.store->find(blob.id());
    REQUIRE(held);
    CHECK(held->holdings.size() == 3);
    bob.client.stop();
    sender.server->stop();
}
