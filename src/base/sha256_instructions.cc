#include "src/base/sha256_instructions.h"

#if defined(__x86_64__)

#include <algorithm>

#include <cpuid.h>

namespace satchel::sha_instructions {

namespace {

bool look_for_instructions() {
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    bool const sse = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_SSE4_1) != 0;
    return sse && __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
}

SATCHEL_SHA_INLINE void put_word(Sha256Digest& digest, std::size_t at, int word) {
    auto const bits = static_cast<std::uint32_t>(word);
    for (std::size_t i = 0; i < 4; ++i)
        digest[4 * at + i] = static_cast<Byte>(bits >> (24 - 8 * i) & 0xffU);
}

}  // namespace

bool available() {
    static bool const found = look_for_instructions();
    return found;
}

Lane fresh_lane() {
    auto const word = [](std::size_t at) { return static_cast<int>(sha256_first_state[at]); };
    return {_mm_set_epi32(word(0), word(1), word(4), word(5)),
            _mm_set_epi32(word(2), word(3), word(6), word(7)),
            {}};
}

SATCHEL_SHA Sha256Digest digest_of(Lane const& lane) {
    Sha256Digest digest{};
    put_word(digest, 0, _mm_extract_epi32(lane.abef, 3));
    put_word(digest, 1, _mm_extract_epi32(lane.abef, 2));
    put_word(digest, 2, _mm_extract_epi32(lane.cdgh, 3));
    put_word(digest, 3, _mm_extract_epi32(lane.cdgh, 2));
    put_word(digest, 4, _mm_extract_epi32(lane.abef, 1));
    put_word(digest, 5, _mm_extract_epi32(lane.abef, 0));
    put_word(digest, 6, _mm_extract_epi32(lane.cdgh, 1));
    put_word(digest, 7, _mm_extract_epi32(lane.cdgh, 0));
    return digest;
}

SATCHEL_SHA void run(Lane& lane, ByteSpan blocks) {
    for (; !blocks.empty(); blocks = blocks.subspan(block_bytes))
        one_block(lane, blocks.data());
}

SATCHEL_SHA Sha256Digest digest_of_block(std::span<Byte const, block_bytes> message) {
    // FIPS 180-4 §5.1.1 for 512 bits.
    static constexpr auto end = [] {
        std::array<Byte, block_bytes> block{};
        block[0] = 0x80;
        block[block_bytes - 2] = 2;
        return block;
    }();
    Lane lane = fresh_lane();
    one_block(lane, message.data());
    one_block(lane, end.data());
    return digest_of(lane);
}

ByteSpan take(Stream& stream, ByteSpan more) {
    stream.bytes += more.size();
    auto const hold = [&stream](ByteSpan part) {
        std::copy_n(part.data(), part.size(), stream.held.data() + stream.held_bytes);
        stream.held_bytes += part.size();
    };
    if (stream.held_bytes > 0) {
        auto const taken = std::min(more.size(), block_bytes - stream.held_bytes);
        hold(more.first(taken));
        more = more.subspan(taken);
        if (stream.held_bytes < block_bytes) return {};
        run(stream.lane, stream.held);
        stream.held_bytes = 0;
    }
    ByteSpan const whole = more.first(more.size() / block_bytes * block_bytes);
    hold(more.subspan(whole.size()));
    return whole;
}

/// FIPS 180-4 §5.1.1.
Sha256Digest finish(Stream& stream) {
    std::array<Byte, 2 * block_bytes> end{};
    std::copy_n(stream.held.data(), stream.held_bytes, end.data());
    end[stream.held_bytes] = Byte{0x80};
    bool const one_is_enough = stream.held_bytes < block_bytes - 8;
    auto const size = one_is_enough ? block_bytes : 2 * block_bytes;
    std::uint64_t const bits = stream.bytes * 8;
    for (std::size_t i = 0; i < 8; ++i)
        end[size - 1 - i] = static_cast<Byte>(bits >> (8 * i) & 0xffU);
    run(stream.lane, ByteSpan(end).first(size));
    auto const digest = digest_of(stream.lane);
    stream = Stream();
    return digest;
}

}  // namespace satchel::sha_instructions

#endif
