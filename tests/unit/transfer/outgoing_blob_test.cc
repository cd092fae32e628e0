#include "transfer/outgoing_blob.h"

#include <algorithm>
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
         {std::size_t{0}, std::size_t{1}, limits::inline_blob_bytes - 16 - 4 * 16,
          limits::inline_blob_bytes, std::size_t{3'000'000}}) {
        CAPTURE(size);
        auto content = sample_blob(std::max<std::size_t>(size, 1), size).bytes;
        content.resize(size);
        auto const blob = make_outgoing_blob(portions(content, 70'001), outbox.path(), randomness);
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
    auto const one = make_outgoing_blob(portions(content, 100), outbox.path(), randomness);
    auto const two = make_outgoing_blob(portions(content, 100), outbox.path(), randomness);
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
    auto const asked = make_outgoing_blob(portions(content, 100), outbox.path(), once, {});
    auto const unasked =
        make_outgoing_blob(portions(content, 100), outbox.path(), again, {}, ContentDigest::known);
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
    auto const blob = make_outgoing_blob(read_from_file(fd->get()), folder.path(), randomness);
    REQUIRE(blob);
    CHECK(blob->content_sha256 == sha256(content));
}

TEST_CASE("outgoing blob: tells what stopped it") {
    TempFolder const folder;
    SeededRandomness randomness;
    auto const broken = [](std::span<Byte>) -> Result<std::size_t> {
        return fail(Fault::io, "cannot read");
    };
    auto const unread = make_outgoing_blob(broken, folder.path(), randomness);
    REQUIRE_FALSE(unread);
    CHECK(unread.error().what == "cannot read");

    Bytes const content(1'000'000);
    auto const unwritten =
        make_outgoing_blob(portions(content, 1 << 20), folder / "missing", randomness);
    REQUIRE_FALSE(unwritten);
    CHECK(unwritten.error().fault == Fault::not_found);
}

TEST_CASE("outgoing blob: what is written is told, and stands there") {
    TempFolder const outbox;
    SeededRandomness randomness;
    auto const content = sample_blob(3'000'000).bytes;
    Bytes seen;
    OutgoingWatch const watch = [&](std::shared_ptr<UniqueFd> const& file, std::uint64_t written) {
        std::uint64_t const before = seen.size();
        CHECK(written > before);
        seen.resize(written);
        CHECK(*read_at(file->get(), std::span(seen).subspan(before), before) == written - before);
    };
    auto const blob =
        make_outgoing_blob(portions(content, 70'001), outbox.path(), randomness, watch);
    REQUIRE(blob);
    CHECK(seen == all_of(blob->file->get()));
}

namespace {

/// A file of the caller's, as a process that was killed leaves it.
struct KeptDraft {
    explicit KeptDraft(TempFolder const& folder)
        : path((folder / "draft").string()) {
        REQUIRE(open_file(path, O_RDWR | O_CREAT));
    }

    BlobDraft draft(FileKey const& key) const {
        auto file = open_file(path, O_RDWR);
        REQUIRE(file);
        return {key.copy(), std::make_shared<UniqueFd>(std::move(*file))};
    }

    std::string path;
};

}  // namespace

TEST_CASE("outgoing blob: one that was broken off goes on to the same blob") {
    TempFolder const folder;
    SeededRandomness randomness;
    KeptDraft const kept(folder);
    FileKey const key = make_file_key(randomness);
    Bytes const content = sample_blob(3'000'000, 1).bytes;
    auto const whole = make_outgoing_blob(portions(content, 70'001), kept.draft(key), randomness,
                                          {}, ContentDigest::wanted);
    REQUIRE(whole);
    Bytes const sealed = all_of(whole->file->get());
    // At the start, within a chunk, at a chunk's end, within the last one, and all.
    for (std::uint64_t const left :
         {std::uint64_t{0}, std::uint64_t{16}, std::uint64_t{1'000'000}, blob_offset_of_chunk(20),
          whole->blob_bytes - 5, whole->blob_bytes}) {
        CAPTURE(left);
        REQUIRE(::truncate(kept.path.c_str(), static_cast<off_t>(left)) == 0);
        std::uint64_t told = 0;
        auto const watch = [&told](auto const&, std::uint64_t written) { told = written; };
        auto const again = make_outgoing_blob(portions(content, 70'001), kept.draft(key),
                                              randomness, watch, ContentDigest::wanted);
        REQUIRE(again);
        CHECK((again->id == whole->id) == (left > 0));  // else the nonce is another
        CHECK((all_of(again->file->get()) == sealed) == (left > 0));
        CHECK(again->content_sha256 == whole->content_sha256);
        CHECK(told == whole->blob_bytes);
        REQUIRE(write_all_at(again->file->get(), sealed, 0));
    }
}

TEST_CASE("outgoing blob: another content is never encrypted where one was before") {
    TempFolder const folder;
    SeededRandomness randomness;
    KeptDraft const kept(folder);
    FileKey const key = make_file_key(randomness);
    Bytes content = sample_blob(3'000'000, 1).bytes;
    auto const whole = make_outgoing_blob(portions(content, 70'001), kept.draft(key), randomness,
                                          {}, ContentDigest::wanted);
    REQUIRE(whole);
    std::uint64_t const left = blob_offset_of_chunk(30) + 100;
    REQUIRE(::truncate(kept.path.c_str(), static_cast<off_t>(left)) == 0);
    Bytes const before = all_of(kept.draft(key).file->get());
    std::uint64_t told = 0;
    auto const watch = [&told](auto const&, std::uint64_t written) { told = written; };
    auto const go_on = [&] {
        return make_outgoing_blob(portions(content, 70'001), kept.draft(key), randomness, watch,
                                  ContentDigest::wanted);
    };
    SUBCASE("at the start") {
        content[0] ^= Byte{1};
    }
    SUBCASE("in the last byte that stands there") {
        content[30 * limits::age_chunk_bytes + 99] ^= Byte{1};
    }
    SUBCASE("shorter") {
        content.resize(1'000'000);
    }
    auto const other = go_on();
    REQUIRE_FALSE(other);
    CHECK(other.error().fault == Fault::corrupt);
    // Nothing that was not the same before has left.
    CHECK(told <= left);
    CHECK(all_of(kept.draft(key).file->get()) == before);
}
