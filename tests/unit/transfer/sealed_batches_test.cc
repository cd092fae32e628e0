#include "transfer/sealed_batches.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "src/core/limits.h"
#include "transfer/age_primitives.h"

using namespace satchel;
using namespace satchel::transfer;

namespace {

/// Octets that tell where they stand.
Bytes octets_from(std::size_t at, std::size_t size) {
    Bytes octets(size);
    for (std::size_t i = 0; i < size; ++i)
        octets[i] = static_cast<Byte>((at + i) * 0x9e3779b97f4a7c15U >> 56U);
    return octets;
}

}  // namespace

TEST_CASE("sealed batches: what is lacking fills one batch each time, and nothing is lost") {
    SealedBatches batches;
    Bytes const nonce = octets_from(0, 16);
    batches.append(nonce);
    std::size_t came = nonce.size();
    std::size_t taken = 0;
    std::size_t fewest = outgoing_batch_bytes;
    // After some 510 batches the tags of all chunks are a chunk.
    for (int round = 0; round < 600; ++round) {
        auto const content = batches.lacking_content();
        REQUIRE(content % limits::age_chunk_bytes == 0);
        fewest = std::min(fewest, content);
        for (std::size_t at = 0; at < content; at += limits::age_chunk_bytes) {
            REQUIRE_FALSE(batches.has_full());
            auto const chunk = octets_from(came, limits::age_chunk_bytes + aead_tag_bytes);
            batches.append(chunk);
            came += chunk.size();
        }
        REQUIRE(batches.has_full());
        Bytes full = batches.take_full();
        REQUIRE(full == octets_from(taken, outgoing_batch_bytes));
        taken += full.size();
        REQUIRE_FALSE(batches.has_full());
        batches.give_back(std::move(full));
    }
    CHECK(fewest == outgoing_batch_bytes - limits::age_chunk_bytes);
    CHECK(batches.rest() == octets_from(taken, came - taken));
}
