#include "src/node/blob_sources.h"

#include <doctest/doctest.h>

#include "tests/support/await_on.h"
#include "tests/support/control_lab.h"

using namespace satchel;
using namespace satchel::node;
using namespace satchel::testing;

namespace {

/// Asks sources that answer as told; notes whom it asked.
struct Asking {
    std::vector<std::string> asked{};
    std::vector<BlobSource> sources{};

    void add(std::string name, std::optional<Error> error) {
        sources.push_back({name, [this, name, error]() -> asio::awaitable<Status> {
                               asked.push_back(name);
                               if (error) co_return fail(*error);
                               co_return Status();
                           }});
    }

    Result<std::string> run() {
        asio::io_context io;
        return await_on(io, fetch_from_first(sources));
    }
};

}  // namespace

TEST_CASE("blob_sources: in order, until one has it") {
    Error const none{Fault::not_found, "none"};
    Error const away{Fault::unavailable, "away"};
    Error const silent{Fault::timed_out, "silent"};

    struct Row {
        char const* why;
        std::vector<std::optional<Error>> answers;
        std::string from;  ///< "": nobody
        Fault fault;
        std::size_t asked;
    };

    for (Row const& row : {
             Row{"the first", {{}, {}, {}}, "0", {}, 1},
             Row{"the second", {none, {}, {}}, "1", {}, 2},
             Row{"the last", {none, away, {}}, "2", {}, 3},
             Row{"nobody", {none, none, none}, "", Fault::not_found, 3},
             Row{"it may yet be there", {none, away, none}, "", Fault::unavailable, 3},
             Row{"the first trouble counts", {silent, away, none}, "", Fault::timed_out, 3},
             Row{"no source", {}, "", Fault::not_found, 0},
         }) {
        CAPTURE(row.why);
        Asking asking;
        for (auto const& answer : row.answers)
            asking.add(std::to_string(asking.sources.size()), answer);
        auto const from = asking.run();
        CHECK(asking.asked.size() == row.asked);
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

TEST_CASE("blob_sources: the sender is asked for what it offered and did not bring") {
    ControlLab lab(hurried());
    SampleBlob const blob = sample_blob(200'000);
    SendingNode sender(lab, blob);
    ControlCaller bob(lab.io, lab.pool, lab.parties.recipient_node);
    BlobFetcher fetcher({lab.io, lab.pool, bob.client, *lab.store, lab.clock});
    auto const fetch = [&] {
        return lab.await(fetch_from_senders(*lab.server, fetcher, blob.id(), {}));
    };
    CHECK(fetch().error().fault == Fault::not_found);
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
