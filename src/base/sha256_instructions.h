// The processor's own SHA-256 instructions (x86-64), for those who hash by them: one message, or
// several in turns. Only where available(), from functions that are made for them.
#pragma once

#if defined(__x86_64__)

#include <array>
#include <cstdint>
#include <utility>

#include <immintrin.h>

#include "src/base/sha256.h"
#include "src/base/sha256_round_constants.h"

#define SATCHEL_SHA __attribute__((target("sha,sse4.1")))
#define SATCHEL_SHA_INLINE __attribute__((target("sha,sse4.1"), always_inline)) inline

namespace satchel::sha_instructions {

inline constexpr std::size_t block_bytes = 64;

/// The processor has them. Any thread.
bool available();

/// One message on its way: the state in the halves that the instructions want, and the last
/// sixteen words of the schedule.
struct Lane {
    __m128i abef;
    __m128i cdgh;
    __m128i words[4];  // an array of the library would drop their alignment
};

/// Anywhere, unlike the rest.
Lane fresh_lane();

/// Rounds 4·Group to 4·Group + 3.
template <std::size_t Group>
SATCHEL_SHA_INLINE void four_rounds(Lane& lane, Byte const* block) {
    __m128i& words = lane.words[Group % 4];
    if constexpr (Group < 4) {
        __m128i const big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
        auto const* const at = reinterpret_cast<__m128i const*>(block + 16 * Group);
        words = _mm_shuffle_epi8(_mm_loadu_si128(at), big_endian);
    } else {
        __m128i const before = lane.words[(Group + 3) % 4];
        __m128i const seventh = _mm_alignr_epi8(before, lane.words[(Group + 2) % 4], 4);
        __m128i const sum =
            _mm_add_epi32(_mm_sha256msg1_epu32(words, lane.words[(Group + 1) % 4]), seventh);
        words = _mm_sha256msg2_epu32(sum, before);
    }
    auto const* const constants =
        reinterpret_cast<__m128i const*>(sha256_round_constants.data() + 4 * Group);
    __m128i const keyed = _mm_add_epi32(words, _mm_load_si128(constants));
    lane.cdgh = _mm_sha256rnds2_epu32(lane.cdgh, lane.abef, keyed);
    lane.abef = _mm_sha256rnds2_epu32(lane.abef, lane.cdgh, _mm_shuffle_epi32(keyed, 0x0e));
}

template <std::size_t... Groups>
SATCHEL_SHA_INLINE void one_block(Lane& lane, Byte const* block, std::index_sequence<Groups...>) {
    Lane const before = lane;
    (four_rounds<Groups>(lane, block), ...);
    lane.abef = _mm_add_epi32(lane.abef, before.abef);
    lane.cdgh = _mm_add_epi32(lane.cdgh, before.cdgh);
}

SATCHEL_SHA_INLINE void one_block(Lane& lane, Byte const* block) {
    one_block(lane, block, std::make_index_sequence<16>());
}

Sha256Digest digest_of(Lane const& lane);

/// The digest of a message of one block.
Sha256Digest digest_of_block(std::span<Byte const, block_bytes> message);

/// A message that arrives in pieces: what there is of its next block, and how long it is so far.
struct Stream {
    Lane lane = fresh_lane();
    std::array<Byte, block_bytes> held{};
    std::size_t held_bytes = 0;
    std::uint64_t bytes = 0;
};

/// Takes the next bytes. What they are of whole blocks is not hashed yet, but given back for that.
ByteSpan take(Stream& stream, ByteSpan more);

/// Hashes whole blocks.
void run(Lane& lane, ByteSpan blocks);

/// The digest of all that was taken, and hashed. The stream starts afresh.
Sha256Digest finish(Stream& stream);

}  // namespace satchel::sha_instructions

#endif
