#include "transfer/age_stream.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "tests/support/seeded_randomness.h"

using namespace satchel;
using namespace satchel::transfer;
using satchel::testing::SeededRandomness;

namespace {

constexpr std::size_t chunk = 64 * 1024;
constexpr std::size_t sealed_chunk = chunk + 16;

Bytes content_of(std::size_t size) {
    Bytes content(size);
    for (std::size_t i = 0; i < size; ++i)
        content[i] = static_cast<Byte>(i * 31 + i / 251);
    return content;
}

ByteSink into(Bytes& to) {
    return [&to](ByteSpan bytes) -> Status {
        append(to, bytes);
        return {};
    };
}

Status feed(auto& coder, ByteSpan bytes, std::size_t step, Bytes& out) {
    while (!bytes.empty()) {
        auto const n = std::min(step, bytes.size());
        if (auto done = coder.write(bytes.first(n), into(out)); !done) return done;
        bytes = bytes.subspan(n);
    }
    return coder.finish(into(out));
}

Bytes encrypt(FileKey const& key, ByteSpan content, std::size_t step) {
    SeededRandomness randomness("nonce");
    BlobEncryptor encryptor(key, randomness);
    Bytes blob;
    REQUIRE(feed(encryptor, content, step, blob));
    return blob;
}

std::string outcome(FileKey const& key, ByteSpan blob, std::size_t step, Bytes& out) {
    BlobDecryptor decryptor(key);
    auto const status = feed(decryptor, blob, step, out);
    return status ? "whole" : status.error().what;
}

}  // namespace

TEST_CASE("age stream: any size comes back, in steps of any size, and the sizes are foretold") {
    SeededRandomness randomness;
    auto const key = make_file_key(randomness);
    for (std::size_t const size : {0UL, 1UL, chunk - 1, chunk, chunk + 1, 2 * chunk, 300'000UL}) {
        CAPTURE(size);
        auto const content = content_of(size);
        auto const blob = encrypt(key, content, 1 << 20);
        CHECK(blob.size() == blob_bytes_for(size));
        auto const foretold = content_bytes_in(blob.size());
        REQUIRE(foretold);
        CHECK(*foretold == size);
        for (std::size_t const step : {13UL, chunk - 1, chunk, sealed_chunk, 1UL << 20U}) {
            CAPTURE(step);
            CHECK(encrypt(key, content, step) == blob);
            Bytes back;
            CHECK(outcome(key, blob, step, back) == "whole");
            CHECK(back == content);
        }
    }
}

TEST_CASE("age stream: knows sizes that no blob has") {
    for (std::uint64_t const size :
         {0UL, 16UL, 31UL, 16 + sealed_chunk + 1, 16 + sealed_chunk + 16, ~0UL}) {
        CAPTURE(size);
        CHECK_FALSE(content_bytes_in(size));
    }
}

TEST_CASE("age stream: says what is wrong, and releases nothing that is") {
    SeededRandomness randomness;
    auto const key = make_file_key(randomness);
    auto const content = content_of(2 * chunk + 1'000);
    auto const blob = encrypt(key, content, 1 << 20);

    struct Row {
        char const* why;
        std::function<void(Bytes&)> spoil;
        std::string outcome;
        std::size_t released;
    };

    Row const rows[] = {
        {"nothing", [](Bytes& b) { b.clear(); }, "age payload: truncated in its nonce", 0},
        {"part of the nonce", [](Bytes& b) { b.resize(15); }, "age payload: truncated in its nonce",
         0},
        {"nonce alone", [](Bytes& b) { b.resize(16); }, "age payload: truncated", 0},
        {"half of a tag", [](Bytes& b) { b.resize(24); }, "age payload: truncated", 0},
        {"nonce changed", [](Bytes& b) { b[3] ^= 1; }, "age payload: chunk 0 is corrupt", 0},
        {"first chunk changed", [](Bytes& b) { b[20] ^= 1; }, "age payload: chunk 0 is corrupt", 0},
        {"second chunk changed", [](Bytes& b) { b[16 + sealed_chunk] ^= 1; },
         "age payload: chunk 1 is corrupt", chunk},
        {"last chunk changed", [](Bytes& b) { b.back() ^= 1; },
         "age payload: truncated or corrupt in chunk 2", 2 * chunk},
        {"cut inside a chunk", [](Bytes& b) { b.pop_back(); },
         "age payload: truncated or corrupt in chunk 2", 2 * chunk},
        {"cut between chunks", [](Bytes& b) { b.resize(16 + 2 * sealed_chunk); },
         "age payload: truncated after chunk 1", 2 * chunk},
        {"chunks swapped",
         [](Bytes& b) {
             std::swap_ranges(b.begin() + 16, b.begin() + 16 + sealed_chunk,
                              b.begin() + 16 + sealed_chunk);
         },
         "age payload: chunk 0 is corrupt", 0},
        {"an octet behind", [](Bytes& b) { b.push_back(0); },
         "age payload: truncated or corrupt in chunk 2", 2 * chunk},
    };
    for (auto const& row : rows) {
        CAPTURE(row.why);
        Bytes spoiled = blob;
        row.spoil(spoiled);
        for (std::size_t const step : {1'000UL, 1UL << 20U}) {
            CAPTURE(step);
            Bytes out;
            CHECK(outcome(key, spoiled, step, out) == row.outcome);
            CHECK(out.size() == row.released);
            CHECK(std::equal(out.begin(), out.end(), content.begin()));
        }
    }
}

TEST_CASE("age stream: data behind a full last chunk is told as such") {
    SeededRandomness randomness;
    auto const key = make_file_key(randomness);
    auto blob = encrypt(key, content_of(chunk), chunk);
    blob.push_back(0);
    Bytes out;
    CHECK(outcome(key, blob, 1'000, out) == "age payload: data after the last chunk");
}

TEST_CASE("age stream: a sink's failure ends the work") {
    SeededRandomness randomness;
    BlobEncryptor encryptor(make_file_key(randomness), randomness);
    auto const full = [](ByteSpan) -> Status { return fail(Fault::no_space, "full"); };
    auto const done = encryptor.write(content_of(10), full);
    REQUIRE_FALSE(done);
    CHECK(done.error().fault == Fault::no_space);
}
