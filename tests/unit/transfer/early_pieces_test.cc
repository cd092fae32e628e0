#include "transfer/early_pieces.h"

#include <doctest/doctest.h>

#include "tests/support/asked_store.h"
#include "tests/support/control_lab.h"
#include "tests/support/fake_swarm.h"
#include "tests/support/raw_caller.h"
#include "tests/support/slow_proxy.h"
#include "transfer/control_request.h"
#include "transfer/swarm_leftovers.h"

using namespace satchel;
using namespace satchel::transfer;
using namespace satchel::testing;

namespace {

constexpr std::uint64_t piece_bytes = 256 * 1024;
constexpr std::uint64_t blob_bytes = 5 * piece_bytes + 99;

/// Bob's node has a folder where a swarm has left something.
struct EarlyLab {
    EarlyLab() {
        lab.host.room = &room;
        swarm.go_away();
    }

    void write(std::uint64_t index, bool right = true) {
        auto const file = SwarmFile::open(room.folder, blob.id(), blob.size(), blob.tree.layer);
        REQUIRE(file);
        std::uint64_t const at = index * piece_bytes;
        Bytes piece = copy_of(blob.from(at).first(std::min(piece_bytes, blob.size() - at)));
        if (!right) piece[7] ^= 1;
        REQUIRE(write_all_at((*file)->for_writing()->get(), piece, at));
    }

    std::shared_ptr<EarlyPieces> find() {
        return EarlyPieces::find(room.folder, blob.id(), blob.size(), blob.tree.layer);
    }

    bool has_file() const { return SwarmFile::exists(room.folder, blob.id()); }

    SampleBlob const blob = sample_blob(blob_bytes);
    ControlLab lab;
    FakeSwarmHub hub;
    FakeSwarm swarm{lab.io, hub, {"127.0.0.1", 7474}};
    SwarmRoom room{&swarm, lab.folder / "swarm", [](Endpoint const&) { return true; }};
};

/// What the node asks for next: {0, 0} once it has all.
struct Wanted {
    std::uint64_t have = 0;
    std::uint64_t until = 0;

    friend bool operator==(Wanted const&, Wanted const&) = default;
};

Wanted wanted_by(RawCaller::Heard const& heard) {
    if (heard.status == 200 || heard.status == 201) return {};
    REQUIRE(heard.status == 202);
    auto const progress = decode_progress(bytes_of(heard.body));
    REQUIRE(progress);
    return {progress->have, progress->until.value_or(blob_bytes)};
}

/// The direct route, a request at a time.
class Sender {
public:
    explicit Sender(EarlyLab& its)
        : its_(its)
        , caller_(its.lab, its.lab.parties.sender_node) {
        REQUIRE(post_offer(caller_, its.lab.offer_of(its.blob)).status == 202);
    }

    RawCaller::Heard put_layer() {
        std::string const layer = text(its_.blob.tree.layer);
        return caller_.ask("PUT", layer_path(its_.blob.id()), length(layer.size()), layer);
    }

    /// In one request.
    RawCaller::Heard put_all(std::vector<Gap> const& gaps) {
        ContentRange range{{gaps[0].first, gaps[0].end - 1}, blob_bytes};
        std::string bytes;
        for (Gap const& gap : gaps) {
            bytes += text(its_.blob.from(gap.first).first(gap.end - gap.first));
            if (&gap != gaps.data()) range.more.push_back({gap.first, gap.end - 1});
        }
        RequestLine line;
        line.method = Method::put;
        line.target = blob_path(its_.blob.id());
        line.content_length = bytes.size();
        line.content_range = range;
        caller_.say(write_request_head(line) + bytes);
        return caller_.hear();
    }

    RawCaller::Heard put(std::uint64_t first, std::uint64_t end, bool right = true) {
        std::string bytes = text(its_.blob.from(first).first(end - first));
        if (!right) bytes.back() = static_cast<char>(bytes.back() ^ 1);
        return caller_.ask("PUT", blob_path(its_.blob.id()),
                           length(bytes.size()) + "Content-Range: bytes " + std::to_string(first) +
                               "-" + std::to_string(end - 1) + "/" + std::to_string(blob_bytes) +
                               "\r\n",
                           bytes);
    }

private:
    EarlyLab& its_;
    RawCaller caller_;
};

}  // namespace

TEST_CASE("early pieces: where the next one is") {
    EarlyLab its;
    CHECK(its.find() == nullptr);
    for (std::uint64_t const index : {1U, 3U, 5U})
        its.write(index);
    auto const pieces = its.find();
    REQUIRE(pieces);
    CHECK(pieces->here() == std::vector<bool>{false, true, false, true, false, true});
    CHECK(pieces->bytes() == 3 * piece_bytes);

    struct Row {
        std::uint64_t offset;
        bool here;
        std::optional<std::uint64_t> next;
    };

    for (Row const& row : {
             Row{0, false, piece_bytes},
             Row{piece_bytes - 1, false, piece_bytes},
             Row{piece_bytes, true, 3 * piece_bytes},
             Row{2 * piece_bytes + 5, false, 3 * piece_bytes},
             Row{4 * piece_bytes, false, 5 * piece_bytes},
             Row{5 * piece_bytes + 98, true, std::nullopt},
             Row{blob_bytes, false, std::nullopt},
         }) {
        CAPTURE(row.offset);
        CHECK(pieces->has(row.offset) == row.here);
        CHECK(pieces->next_after(row.offset) == row.next);
    }
    pieces->note(2);
    CHECK(pieces->next_after(piece_bytes) == 2 * piece_bytes);
}

TEST_CASE("early pieces: only what lacks is asked for, until the receipt") {
    EarlyLab its;
    for (std::uint64_t const index : {0U, 2U, 3U, 5U})
        its.write(index);
    Sender sender(its);
    CHECK(wanted_by(sender.put_layer()) == Wanted{piece_bytes, 2 * piece_bytes});
    CHECK(its.lab.server->traffic().received_bytes == 0);
    CHECK(wanted_by(sender.put(piece_bytes, 2 * piece_bytes)) ==
          Wanted{4 * piece_bytes, 5 * piece_bytes});
    CHECK(its.has_file());
    CHECK(sender.put(4 * piece_bytes, 5 * piece_bytes).status == 201);
    check_whole(*its.lab.store, its.blob);
    CHECK(its.lab.server->traffic().received_bytes == 2 * piece_bytes);
    CHECK_FALSE(its.has_file());
    CHECK(its.lab.host.arrived.size() == 1);
}

TEST_CASE("early pieces: a sender that does not know of them sends all") {
    EarlyLab its;
    for (std::uint64_t const index : {1U, 3U})
        its.write(index);
    Sender sender(its);
    SUBCASE("with the layer first") {
        sender.put_layer();
        CHECK(sender.put(0, blob_bytes).status == 201);
    }
    SUBCASE("without") {
        CHECK(sender.put(0, blob_bytes).status == 201);
        // Nobody has looked for them: they go with the next sweep.
        CHECK(its.has_file());
        auto const is_held = [&](ContentId const& id) { return id == its.blob.id(); };
        remove_leftovers(its.room.folder, {{}, is_held, 0});
    }
    SUBCASE("in parts of its own") {
        sender.put_layer();
        CHECK(wanted_by(sender.put(0, 1'000)) == Wanted{1'000, piece_bytes});
        CHECK(wanted_by(sender.put(500, piece_bytes + 10)) ==
              Wanted{2 * piece_bytes, 3 * piece_bytes});
        CHECK(sender.put(3'000, blob_bytes).status == 201);
    }
    SUBCASE("that end within one") {
        sender.put_layer();
        CHECK(wanted_by(sender.put(0, 3 * piece_bytes + 10)) ==
              Wanted{4 * piece_bytes, blob_bytes});
        CHECK(sender.put(4 * piece_bytes, blob_bytes).status == 201);
    }
    check_whole(*its.lab.store, its.blob);
    CHECK_FALSE(its.has_file());
}

TEST_CASE("early pieces: wrong ones are wanted again, and what is right is kept") {
    EarlyLab its;
    its.write(0, false);
    its.write(2);
    its.write(3, false);
    its.write(4);
    Sender sender(its);
    CHECK(wanted_by(sender.put_layer()) == Wanted{0, 2 * piece_bytes});
    CHECK(wanted_by(sender.put(0, 2 * piece_bytes)) == Wanted{3 * piece_bytes, 4 * piece_bytes});
    CHECK(wanted_by(sender.put(3 * piece_bytes, 4 * piece_bytes)) ==
          Wanted{5 * piece_bytes, blob_bytes});
    CHECK(sender.put(5 * piece_bytes, blob_bytes).status == 201);
    check_whole(*its.lab.store, its.blob);
}

TEST_CASE("early pieces: who goes on lying is believed nothing more") {
    EarlyLab its;
    its.write(0, false);
    its.write(2);
    its.write(4);
    Sender sender(its);
    CHECK(wanted_by(sender.put_layer()) == Wanted{0, 2 * piece_bytes});
    its.write(2, false);
    CHECK(wanted_by(sender.put(0, 2 * piece_bytes)) == Wanted{2 * piece_bytes, blob_bytes});
    CHECK(sender.put(2 * piece_bytes, blob_bytes).status == 201);
    check_whole(*its.lab.store, its.blob);
}

TEST_CASE("early pieces: bytes that are wrong are refused beside them, too") {
    EarlyLab its;
    its.write(1);
    Sender sender(its);
    CHECK(wanted_by(sender.put_layer()) == Wanted{0, piece_bytes});
    CHECK(sender.put(0, piece_bytes, false).status == 422);
    Sender again(its);
    CHECK(wanted_by(again.put_layer()) == Wanted{0, piece_bytes});
    CHECK(wanted_by(again.put(0, piece_bytes)) == Wanted{2 * piece_bytes, blob_bytes});
    CHECK(again.put(2 * piece_bytes, blob_bytes).status == 201);
    check_whole(*its.lab.store, its.blob);
}

TEST_CASE("early pieces: the beginning of one came directly, and was wrong") {
    EarlyLab its;
    its.write(0);
    its.lab.host.room = nullptr;  // as yet nobody knows of it
    Sender sender(its);
    CHECK(wanted_by(sender.put_layer()) == Wanted{0, blob_bytes});
    CHECK(wanted_by(sender.put(0, 1'000, false)) == Wanted{1'000, blob_bytes});
    its.lab.host.room = &its.room;
    CHECK(wanted_by(sender.put_layer()) == Wanted{piece_bytes, blob_bytes});
    CHECK(sender.put(piece_bytes, blob_bytes).status == 201);
    check_whole(*its.lab.store, its.blob);
}

TEST_CASE("early pieces: what is left of a large blob is looked through in steps") {
    EarlyLab its;
    SampleBlob const large = sample_blob(300 * piece_bytes, 9);
    std::uint64_t const length = piece_length_for(large.size());
    auto const open = [&] {
        return *SwarmFile::open(its.room.folder, large.id(), large.size(), large.tree.layer);
    };
    for (std::uint64_t const index : {3U, 40U, 70U}) {
        auto const piece = large.from(index * length).first(length);
        REQUIRE(write_all_at(open()->for_writing()->get(), piece, index * length));
    }
    REQUIRE(write_all_at(open()->for_writing()->get(), Bytes(length, 7), 41 * length));
    std::shared_ptr<BlobUpload> const upload = begin(*its.lab.store, large);
    REQUIRE(upload->set_layer(large.tree.layer));
    REQUIRE(upload->write(large.view().first(2 * length + 5)));
    std::vector<std::uint64_t> told;
    bool go_on = true;
    auto const look = [&](std::uint64_t looked_at) {
        told.push_back(looked_at / length);
        return go_on;
    };
    SUBCASE("to the end") {
        auto const pieces =
            its.lab.await(EarlyPieces::share(its.lab.pool, open(), large.size(), upload, look));
        REQUIRE(pieces);
        CHECK(told == std::vector<std::uint64_t>{3, 5, 6});
        std::vector<bool> here(75, false);
        for (std::size_t const index : {0U, 1U, 3U, 40U, 70U})
            here[index] = true;
        CHECK((*pieces)->here() == here);
        CHECK((*pieces)->file().is_right(1));
    }
    SUBCASE("or until nobody wants it any more") {
        go_on = false;
        auto const pieces =
            its.lab.await(EarlyPieces::share(its.lab.pool, open(), large.size(), upload, look));
        CHECK_FALSE(pieces);
        CHECK(told == std::vector<std::uint64_t>{3});
    }
}

TEST_CASE("early pieces: doubt takes no longer than a sender waits, and goes on later") {
    using SteadyClock = std::chrono::steady_clock;
    EarlyLab its;
    SampleBlob const large = sample_blob(300 * piece_bytes, 9);
    std::uint64_t const length = piece_length_for(large.size());
    auto const file = *SwarmFile::open(its.room.folder, large.id(), large.size(), large.tree.layer);
    for (std::uint64_t const index : {3U, 40U, 70U}) {
        auto const piece = large.from(index * length).first(length);
        REQUIRE(write_all_at(file->for_writing()->get(), piece, index * length));
    }
    for (std::uint64_t const index : {0U, 2U, 50U})
        REQUIRE(write_all_at(file->for_writing()->get(), Bytes(length, 7), index * length));
    EarlyPieces pieces(file, large.size(), file->written_pieces());
    std::shared_ptr<BlobUpload> const upload = begin(*its.lab.store, large);
    REQUIRE(upload->set_layer(large.tree.layer));
    auto const doubt = [&](SteadyClock::time_point until) {
        auto all = [&]() -> asio::awaitable<std::uint64_t> {
            co_await pieces.doubt(its.lab.pool, until);
            co_return pieces.bytes() / length;
        };
        return its.lab.await(all());
    };
    auto const later = [] { return SteadyClock::now() + std::chrono::hours(1); };
    CHECK(doubt(later()) == 6);  // nothing has been wrong yet
    Status const fed = its.lab.await(pieces.feed_one(upload, its.lab.pool));
    REQUIRE_FALSE(fed);
    CHECK(fed.error().fault == Fault::corrupt);
    CHECK_FALSE(pieces.has(0));
    CHECK(pieces.bytes() == 5 * length);  // nobody has waited
    CHECK(doubt(SteadyClock::now()) == 5);
    CHECK(doubt(later()) == 3);
    for (std::uint64_t const index : {3U, 40U, 70U})
        CHECK(pieces.has(index * length));
}

TEST_CASE("early pieces: all gaps are told, and filled by one request") {
    EarlyLab its;
    for (std::uint64_t const index : {1U, 3U})
        its.write(index);
    Sender sender(its);
    OfferProgress const told = *decode_progress(bytes_of(sender.put_layer().body));
    CHECK(told ==
          OfferProgress{OfferAction::put,
                        0,
                        piece_bytes,
                        {{2 * piece_bytes, 3 * piece_bytes}, {4 * piece_bytes, blob_bytes}}});
    CHECK(its.find()->gaps_after(piece_bytes, 1) ==
          std::vector<Gap>{{2 * piece_bytes, 3 * piece_bytes}});
    std::vector<Gap> gaps{{0, piece_bytes}};
    gaps.insert(gaps.end(), told.more.begin(), told.more.end());
    SUBCASE("whole") {
        CHECK(sender.put_all(gaps).status == 201);
        CHECK(its.lab.server->traffic().received_bytes == blob_bytes - 2 * piece_bytes);
    }
    SUBCASE("from within the first on") {
        CHECK(wanted_by(sender.put(0, 1'000)) == Wanted{1'000, piece_bytes});
        gaps[0].first = 500;
        CHECK(sender.put_all(gaps).status == 201);
    }
    SUBCASE("some of them") {
        gaps.pop_back();
        CHECK(wanted_by(sender.put_all(gaps)) == Wanted{4 * piece_bytes, blob_bytes});
        CHECK(sender.put(4 * piece_bytes, blob_bytes).status == 201);
    }
    SUBCASE("but not behind one that was never told") {
        gaps[1] = gaps[2];
        gaps.pop_back();
        auto const heard = sender.put_all(gaps);
        CHECK_FALSE(heard.head.keep_alive);
        CHECK(wanted_by(heard) == Wanted{2 * piece_bytes, 3 * piece_bytes});
        Sender again(its);
        CHECK(again.put(2 * piece_bytes, blob_bytes).status == 201);
    }
    SUBCASE("and not behind what was wrong") {
        its.write(1, false);
        auto const heard = sender.put_all(gaps);
        CHECK_FALSE(heard.head.keep_alive);
        CHECK(wanted_by(heard) == Wanted{piece_bytes, 3 * piece_bytes});
        Sender again(its);
        CHECK(again.put(piece_bytes, blob_bytes).status == 201);
    }
    check_whole(*its.lab.store, its.blob);
}

TEST_CASE("early pieces: a delivery takes one request for many gaps") {
    EarlyLab its;
    SampleBlob const blob = sample_blob(200 * piece_bytes + 5, 10);
    std::uint64_t lacking = blob.size();
    {
        auto const file = SwarmFile::open(its.room.folder, blob.id(), blob.size(), blob.tree.layer);
        for (std::uint64_t i = 1; i < 200; i += 2, lacking -= piece_bytes) {
            auto const piece = blob.from(i * piece_bytes).first(piece_bytes);
            REQUIRE(write_all_at((*file)->for_writing()->get(), piece, i * piece_bytes));
        }
    }
    SlowProxy const line(its.lab.io, its.lab.peer.endpoints.front(), {}, 0);
    auto order = its.lab.order_of(blob);
    order.endpoints = {line.endpoint()};
    std::uint64_t told = 0;
    order.progress = [&](std::uint64_t done) { told = done; };
    REQUIRE(its.lab.await(deliver(its.lab.alice.client, its.lab.pool, std::move(order))));
    check_whole(*its.lab.store, blob);
    CHECK(told == blob.size());
    CHECK(its.lab.alice.client.sent_bytes() == lacking);
    CHECK(its.lab.server->traffic().received_bytes == lacking);
    // Two of TLS, then offer, layer, bytes: as if there were no gap.
    CHECK((line.turns() > 2 && line.turns() <= 6));
}
