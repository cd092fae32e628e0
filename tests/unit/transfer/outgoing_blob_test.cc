#include "transfer/outgoing_blob.h"

#include <algorithm>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "src/base/atomic_file.h"
#include "src/core/limits.h"
#include "tests/support/memory_blob_store.h"
#include "tests/support/sample_blob.h"
#include "tests/support/seeded_randomness.h"
#include "tests/support/temp_folder.h"
#include "transfer/age_file.h"
#include "transfer/sealed_batches.h"

using namespace satchel;
using namespace satchel::transfer;
using satchel::testing::MemoryBlobStore;
using satchel::testing::sample_blob;
using satchel::testing::sample_holding;
using satchel::testing::SeededRandomness;
using satchel::testing::TempFolder;

namespace {

/// Gives content in uneven portions.
ContentReader portions(ByteSpan content, std::size_t portion) {
    return [content, portion](std::span<Byte> buffer) mutable -> Result<std::size_t> {
        auto const n = std::min({buffer.size(), content.size(), portion});
        std::copy_n(content.begin(), n, buffer.begin());
        content = content.subspan(n);
        return n;
    };
}

Bytes all_of(int fd) {
    auto const size = file_size(fd);
    REQUIRE(size);
    Bytes bytes(*size);
    REQUIRE(*read_at(fd, bytes, 0) == *size);
    return bytes;
}

}  // namespace

TEST_CASE("outgoing blob: opens with a grant, and a store takes it by its name") {
    TempFolder const outbox;
    SeededRandomness randomness;
    std::vector<AgeIdentity> bob;
    bob.push_back(AgeIdentity::generate(randomness));
    MemoryBlobStore store;
    for (std::size_t const size :
         {std::size_t{0}, std::size_t{1}, std::size_t{16'383}, std::size_t{16'384},
          std::size_t{16'385}, limits::inline_blob_bytes - 16 - 4 * 16, limits::inline_blob_bytes,
          outgoing_batch_bytes - 9 * 16 - 1, outgoing_batch_bytes - 9 * 16,
          outgoing_batch_bytes - 9 * 16 + 1, outgoing_batch_bytes - 1, outgoing_batch_bytes,
          outgoing_batch_bytes + 1, 16'384 + outgoing_batch_bytes, 2 * outgoing_batch_bytes + 1,
          std::size_t{3'000'000}}) {
        CAPTURE(size);
        auto content = sample_blob(std::max<std::size_t>(size, 1), size).bytes;
        content.resize(size);
        auto const blob =
            make_outgoing_blob(portions(content, 70'001), {outbox.path()}, randomness);
        REQUIRE(blob);
        CHECK(blob->content_bytes == size);
        CHECK(blob->content_sha256 == sha256(content));
        CHECK(blob->blob_bytes == blob_bytes_for(size));
        auto const bytes = all_of(blob->file->get());
        CHECK(bytes.size() == blob->blob_bytes);
        CHECK(std::filesystem::is_empty(outbox.path()));

        auto const grant = make_grant(blob->key, bob.front().recipient(), randomness);
        REQUIRE(grant);
        Bytes file = *grant;
        append(file, bytes);
        auto const opened = decrypt_age(bob, file, size);
        REQUIRE(opened);
        CHECK(*opened == content);

        auto const upload = store.receive(blob->id, blob->blob_bytes, "alice@a.test");
        REQUIRE(upload);
        REQUIRE((*upload)->set_layer(blob->layer));
        REQUIRE((*upload)->write(bytes));
        CHECK((*upload)->finish(sample_holding(1)));
    }
}

TEST_CASE("outgoing blob: equal contents get unequal names") {
    TempFolder const outbox;
    SeededRandomness randomness;
    Bytes const content(1'000, 7);
    auto const one = make_outgoing_blob(portions(content, 100), {outbox.path()}, randomness);
    auto const two = make_outgoing_blob(portions(content, 100), {outbox.path()}, randomness);
    REQUIRE(one);
    REQUIRE(two);
    CHECK(one->id != two->id);
    CHECK(one->content_sha256 == two->content_sha256);
}

TEST_CASE("outgoing blob: a digest that is known is not computed again") {
    TempFolder const outbox;
    SeededRandomness once;
    SeededRandomness again;
    Bytes const content(300'000, 7);
    auto const asked = make_outgoing_blob(portions(content, 100), {outbox.path()}, once);
    auto const unasked = make_outgoing_blob(
        portions(content, 100), {.outbox = outbox.path(), .digest = ContentDigest::known}, again);
    REQUIRE(asked);
    REQUIRE(unasked);
    CHECK(asked->content_sha256 == sha256(content));
    CHECK(unasked->content_sha256 == Sha256Digest{});
    CHECK(unasked->id == asked->id);
    CHECK(unasked->content_bytes == content.size());
}

TEST_CASE("outgoing blob: reads a file from its start") {
    TempFolder const folder;
    SeededRandomness randomness;
    Bytes const content(500'000, 9);
    REQUIRE(write_atomically(folder / "content", content));
    auto const fd = open_file((folder / "content").string(), 0);
    REQUIRE(fd);
    auto const blob = make_outgoing_blob(read_from_file(fd->get()), {folder.path()}, randomness);
    REQUIRE(blob);
    CHECK(blob->content_sha256 == sha256(content));
}

TEST_CASE("outgoing blob: tells what stopped it") {
    TempFolder const folder;
    SeededRandomness randomness;
    auto const broken = [](std::span<Byte>) -> Result<std::size_t> {
        return fail(Fault::io, "cannot read");
    };
    auto const unread = make_outgoing_blob(broken, {folder.path()}, randomness);
    REQUIRE_FALSE(unread);
    CHECK(unread.error().what == "cannot read");

    auto const breaks_off =
        [left = std::size_t{2'000'000}](std::span<Byte> buffer) mutable -> Result<std::size_t> {
        if (left == 0) return fail(Fault::io, "cannot read on");
        auto const n = std::min(left, buffer.size());
        left -= n;
        return n;
    };
    auto const begun = make_outgoing_blob(breaks_off, {folder.path()}, randomness);
    REQUIRE_FALSE(begun);
    CHECK(begun.error().what == "cannot read on");

    Bytes const content(1'000'000);
    auto const unwritten =
        make_outgoing_blob(portions(content, 1 << 20), {folder / "missing"}, randomness);
    REQUIRE_FALSE(unwritten);
    CHECK(unwritten.error().fault == Fault::not_found);
}

namespace {

/// Takes what is made, on the thread of the test, while another one makes it.
struct Receiver {
    explicit Receiver(std::uint64_t bytes, std::size_t window = std::size_t{3} << 20U)
        : growth(std::make_shared<GrowingBlob>(io.get_executor(), bytes, window)) {}

    /// Until so many bytes, and then leaves.
    asio::awaitable<void> take(std::uint64_t bytes) {
        while (seen.size() < bytes && co_await growth->wait_for(seen.size() + 1)) {
            ByteSpan const waiting = growth->waiting_at(seen.size());
            if (waiting.empty()) {
                auto const file = growth->file_with(seen.size());
                if (!file) break;
                Bytes more(growth->made() - seen.size());
                CHECK(*read_at(file->get(), more, seen.size()) == more.size());
                append(seen, more);
            } else {
                append(seen, waiting);
                growth->release(seen.size());
            }
        }
        growth->leave();
    }

    /// Makes a blob of the content, while `taken` bytes of it are taken.
    Result<OutgoingBlob> make(Bytes const& content, OutgoingWay way, std::uint64_t taken) {
        way.growth = growth;
        Result<OutgoingBlob> blob = fail(Fault::io, "");
        std::thread maker([&] {
            blob = make_outgoing_blob(portions(content, 70'001), std::move(way), randomness);
            growth->end();
        });
        asio::co_spawn(io, take(taken), asio::detached);
        io.run();
        maker.join();
        return blob;
    }

    asio::io_context io;
    inline static SeededRandomness randomness{"receiver"};  // one for all: no nonce comes twice
    std::shared_ptr<GrowingBlob> growth;
    Bytes seen;
};

Bytes const& large_content() {
    static Bytes const content = sample_blob(9'000'000, 1).bytes;
    return content;
}

}  // namespace

TEST_CASE("outgoing blob: what is taken from memory stands in no file, and the rest in one") {
    TempFolder const outbox;
    Bytes const& content = large_content();
    auto const size = blob_bytes_for(content.size());

    struct Row {
        char const* what;
        std::size_t window;
        std::uint64_t taken;
    };

    for (Row const& row :
         {Row{"all of it", std::size_t{3} << 20U, size},
          Row{"half", std::size_t{3} << 20U, 4'000'000}, Row{"nothing", std::size_t{3} << 20U, 0},
          Row{"no window, all of it", 0, size}, Row{"no window", 0, 0}}) {
        CAPTURE(row.what);
        Receiver receiver(size, row.window);
        auto blob = receiver.make(content, {outbox.path()}, row.taken);
        REQUIRE(blob);
        CHECK(receiver.seen.size() >= row.taken);
        CHECK((blob->file == nullptr) == (row.window > 0 && row.taken == size));
        // Whoever leaves at once may be gone before the first batch, or after it.
        bool const leaves_at_once = row.window > 0 && row.taken == 0;
        if (!leaves_at_once) CHECK((blob->file_from == 0) == (row.window == 0));
        CHECK(blob->file_from <= receiver.seen.size() + row.window);
        REQUIRE(complete_outgoing_blob(portions(content, 70'001), outbox.path(), *blob));
        CHECK(blob->file_from == 0);
        Bytes const whole = all_of(blob->file->get());
        CHECK(whole.size() == size);
        CHECK(std::equal(receiver.seen.begin(), receiver.seen.end(), whole.begin()));
        MerkleHasher hasher;
        hasher.write(whole);
        CHECK(hasher.finish()->root == blob->id);
    }
}

TEST_CASE("outgoing blob: another content is never put where the one that was sent stood") {
    TempFolder const outbox;
    Bytes content = large_content();
    auto const size = blob_bytes_for(content.size());
    Receiver receiver(size);
    auto blob = receiver.make(content, {outbox.path()}, size);
    REQUIRE(blob);
    SUBCASE("other bytes at the start") {
        content[0] ^= Byte{1};
    }
    SUBCASE("other bytes at the end") {
        content.back() ^= Byte{1};
    }
    SUBCASE("shorter") {
        content.resize(5'000'000);
    }
    SUBCASE("longer") {
        content.push_back(Byte{1});
    }
    auto const completed = complete_outgoing_blob(portions(content, 70'001), outbox.path(), *blob);
    REQUIRE_FALSE(completed);
    CHECK(completed.error().fault == Fault::corrupt);
    CHECK(blob->file_from == size);
}

namespace {

/// A journal as a process that was killed leaves it.
struct KeptDraft {
    explicit KeptDraft(TempFolder const& folder)
        : path((folder / "journal").string()) {}

    BlobDraft draft(FileKey const& key) const {
        auto file = open_file(path, O_RDWR | O_CREAT);
        REQUIRE(file);
        return {key.copy(), std::make_shared<BlobJournal>(std::move(*file))};
    }

    std::string path;
};

}  // namespace

TEST_CASE("outgoing blob: one that was broken off goes on to the same blob") {
    TempFolder const folder;
    KeptDraft const kept(folder);
    SeededRandomness randomness;
    FileKey const key = make_file_key(randomness);
    Bytes const& content = large_content();
    auto const size = blob_bytes_for(content.size());
    auto const make = [&](std::uint64_t taken) {
        Receiver receiver(size);
        auto blob =
            receiver.make(content, {.outbox = folder.path(), .draft = kept.draft(key)}, taken);
        REQUIRE(blob);
        return std::pair(blob->id, receiver.seen);
    };
    auto const [id, sealed] = make(size);
    Bytes const journal = *read_whole_file(kept.path, 1 << 20);
    CHECK(journal.size() == 16 + 32 * (size / grain_bytes + 1));
    // Nothing, a nonce, whole roots, half a root, all but the end, all.
    for (std::size_t const left :
         {std::size_t{0}, std::size_t{7}, std::size_t{16}, std::size_t{16 + 320},
          std::size_t{16 + 330}, journal.size() - 1, journal.size()}) {
        CAPTURE(left);
        REQUIRE(::truncate(kept.path.c_str(), static_cast<off_t>(left)) == 0);
        CHECK(kept.draft(key).journal->has_end(size) == (left == journal.size()));
        auto const [again, seen] = make(size);
        CHECK((again == id) == (left >= 16));  // else the nonce is another
        CHECK((seen == sealed) == (left >= 16));
        REQUIRE(write_atomically(kept.path, journal));
    }
}

TEST_CASE("outgoing blob: another content never leaves under a key that one has left under") {
    TempFolder const folder;
    KeptDraft const kept(folder);
    SeededRandomness randomness;
    FileKey const key = make_file_key(randomness);
    Bytes content = large_content();
    auto const size = blob_bytes_for(content.size());
    Receiver first(size);
    REQUIRE(first.make(content, {.outbox = folder.path(), .draft = kept.draft(key)}, size));
    Bytes const journal = *read_whole_file(kept.path, 1 << 20);
    SUBCASE("at the start") {
        content[0] ^= Byte{1};
    }
    SUBCASE("in the middle") {
        content[5'000'000] ^= Byte{1};
    }
    SUBCASE("after the last whole grain") {
        content.back() ^= Byte{1};
    }
    SUBCASE("shorter") {
        content.resize(2'000'000);
    }
    SUBCASE("longer") {
        append(content, Bytes(1'000'000));
    }
    Receiver second(size);
    auto const other =
        second.make(content, {.outbox = folder.path(), .draft = kept.draft(key)}, size);
    REQUIRE_FALSE(other);
    CHECK(other.error().fault == Fault::corrupt);
    // Nothing that was not the same before has left.
    CHECK(std::equal(second.seen.begin(), second.seen.end(), first.seen.begin()));
    CHECK(*read_whole_file(kept.path, 1 << 20) == journal);
}

TEST_CASE("outgoing blob: whoever takes too little at a time is not waited for") {
    TempFolder const outbox;
    Bytes const& content = large_content();
    auto const size = blob_bytes_for(content.size());
    asio::io_context io;
    SeededRandomness randomness;
    // Nobody takes anything, and nobody leaves.
    auto const growth =
        std::make_shared<GrowingBlob>(io.get_executor(), size, std::size_t{3} << 20U);
    auto const blob = make_outgoing_blob(portions(content, 70'001),
                                         {.outbox = outbox.path(), .growth = growth}, randomness);
    REQUIRE(blob);
    CHECK(blob->file_from == std::size_t{3} << 20U);
    CHECK(growth->made() == size);
    CHECK(growth->waiting_at(0).size() == outgoing_batch_bytes);
    CHECK(growth->file_with(blob->file_from) != nullptr);
    CHECK(growth->file_with(blob->file_from - 1) == nullptr);
}
