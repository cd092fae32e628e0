#include "src/base/sha256_lanes.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <utility>

#include "src/base/sha256_instructions.h"
#include "src/base/sha256_round_constants.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace satchel {

#if defined(__x86_64__)

struct Sha256Beside::State {
    void take(ByteSpan more) {
        waiting = by_instructions ? sha_instructions::take(stream, more) : more;
    }

    void hash() {
        if (by_instructions) {
            sha_instructions::run(stream.lane, waiting);
        } else {
            plain.update(waiting);
        }
    }

    Sha256Digest finish() {
        return by_instructions ? sha_instructions::finish(stream) : plain.finish();
    }

    bool by_instructions = sha_instructions::available();
    sha_instructions::Stream stream;
    Sha256 plain;
    ByteSpan waiting;
};

#else

struct Sha256Beside::State {
    void take(ByteSpan more) { waiting = more; }

    void hash() { plain.update(waiting); }

    Sha256Digest finish() { return plain.finish(); }

    Sha256 plain;
    ByteSpan waiting;
};

#endif

Sha256Beside::Sha256Beside()
    : state_(std::make_unique<State>()) {}

Sha256Beside::~Sha256Beside() = default;

void Sha256Beside::offer(ByteSpan more) {
    assert(state_->waiting.empty());
    state_->take(more);
}

void Sha256Beside::settle() {
    state_->hash();
    state_->waiting = {};
}

Sha256Digest Sha256Beside::finish() {
    return state_->finish();
}

#if defined(__x86_64__)

// GCC 12 takes the "undefined" operand of its own intrinsics for a mistake of ours (its bug
// 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace {

constexpr std::size_t block_bytes = 64;
constexpr std::size_t group_lanes = sha256_lanes_min;  ///< words in one register

#define SATCHEL_LANES __attribute__((target("avx512f,avx512bw,sha,sse4.1")))
#define SATCHEL_WIDE __attribute__((target("avx512f,avx512bw,sha,sse4.1"), always_inline)) inline

// Arrays of the library would drop the registers' alignment.
struct Words {
    __m512i of[16];
};

struct State {
    __m512i of[8];
};

/// Messages that are hashed together. One group's steps wait for one another: a second group fills
/// those gaps.
template <std::size_t Groups>
struct Lanes {
    State states[Groups];
    Words words[Groups];
};

using Sixteen = std::make_index_sequence<16>;

/// Row i of the result holds column i: word i of all messages.
SATCHEL_WIDE Words transposed(Words const& rows) {
    Words pairs;
    for (int i = 0; i < 16; i += 2) {
        pairs.of[i] = _mm512_unpacklo_epi32(rows.of[i], rows.of[i + 1]);
        pairs.of[i + 1] = _mm512_unpackhi_epi32(rows.of[i], rows.of[i + 1]);
    }
    Words fours;
    for (int i = 0; i < 16; i += 4) {
        fours.of[i] = _mm512_unpacklo_epi64(pairs.of[i], pairs.of[i + 2]);
        fours.of[i + 1] = _mm512_unpackhi_epi64(pairs.of[i], pairs.of[i + 2]);
        fours.of[i + 2] = _mm512_unpacklo_epi64(pairs.of[i + 1], pairs.of[i + 3]);
        fours.of[i + 3] = _mm512_unpackhi_epi64(pairs.of[i + 1], pairs.of[i + 3]);
    }
    Words columns;
    for (int i = 0; i < 4; ++i) {
        __m512i const even_low = _mm512_shuffle_i32x4(fours.of[i], fours.of[4 + i], 0x88);
        __m512i const odd_low = _mm512_shuffle_i32x4(fours.of[i], fours.of[4 + i], 0xdd);
        __m512i const even_high = _mm512_shuffle_i32x4(fours.of[8 + i], fours.of[12 + i], 0x88);
        __m512i const odd_high = _mm512_shuffle_i32x4(fours.of[8 + i], fours.of[12 + i], 0xdd);
        columns.of[i] = _mm512_shuffle_i32x4(even_low, even_high, 0x88);
        columns.of[4 + i] = _mm512_shuffle_i32x4(odd_low, odd_high, 0x88);
        columns.of[8 + i] = _mm512_shuffle_i32x4(even_low, even_high, 0xdd);
        columns.of[12 + i] = _mm512_shuffle_i32x4(odd_low, odd_high, 0xdd);
    }
    return columns;
}

SATCHEL_WIDE Words words_of(Byte const* block, std::size_t message_bytes) {
    __m512i const big_endian =
        _mm512_broadcast_i32x4(_mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
    Words rows;
    for (std::size_t i = 0; i < group_lanes; ++i)
        rows.of[i] = _mm512_shuffle_epi8(_mm512_loadu_si512(block + i * message_bytes), big_endian);
    return transposed(rows);
}

SATCHEL_WIDE __m512i xor_of(__m512i one, __m512i two, __m512i three) {
    return _mm512_ternarylogic_epi32(one, two, three, 0x96);
}

/// FIPS 180-4 §6.2.2 step 1: word I of the next sixteen, in the place of the one sixteen before.
template <std::size_t I>
SATCHEL_WIDE void schedule(Words& words) {
    __m512i const near = words.of[(I + 14) % 16];
    __m512i const far = words.of[(I + 1) % 16];
    __m512i const small_one =
        xor_of(_mm512_ror_epi32(near, 17), _mm512_ror_epi32(near, 19), _mm512_srli_epi32(near, 10));
    __m512i const small_zero =
        xor_of(_mm512_ror_epi32(far, 7), _mm512_ror_epi32(far, 18), _mm512_srli_epi32(far, 3));
    words.of[I] = _mm512_add_epi32(_mm512_add_epi32(words.of[I], words.of[(I + 9) % 16]),
                                   _mm512_add_epi32(small_zero, small_one));
}

/// Step 3. The letters move one place on with each round: instead of them, the indices do. What is
/// known early is added first: the next round waits for e, and a little less for a.
template <std::size_t I>
SATCHEL_WIDE void one_round(State& state, Words const& words, std::uint32_t const* constants) {
    constexpr std::size_t a = (16 - I) % 8;
    __m512i const keyed =
        _mm512_add_epi32(words.of[I], _mm512_set1_epi32(static_cast<int>(constants[I])));
    __m512i const early = _mm512_add_epi32(state.of[(a + 7) % 8], keyed);
    __m512i const e = state.of[(a + 4) % 8];
    __m512i const big_one =
        xor_of(_mm512_ror_epi32(e, 6), _mm512_ror_epi32(e, 11), _mm512_ror_epi32(e, 25));
    __m512i const choice =
        _mm512_ternarylogic_epi32(e, state.of[(a + 5) % 8], state.of[(a + 6) % 8], 0xca);
    __m512i const big_zero =
        xor_of(_mm512_ror_epi32(state.of[a], 2), _mm512_ror_epi32(state.of[a], 13),
               _mm512_ror_epi32(state.of[a], 22));
    __m512i const majority =
        _mm512_ternarylogic_epi32(state.of[a], state.of[(a + 1) % 8], state.of[(a + 2) % 8], 0xe8);
    __m512i const first = _mm512_add_epi32(_mm512_add_epi32(early, choice), big_one);
    __m512i const moved = _mm512_add_epi32(_mm512_add_epi32(early, state.of[(a + 3) % 8]), choice);
    state.of[(a + 3) % 8] = _mm512_add_epi32(moved, big_one);
    state.of[(a + 7) % 8] = _mm512_add_epi32(_mm512_add_epi32(first, majority), big_zero);
}

template <std::size_t Round>
SATCHEL_WIDE void one_round_of(State& state, Words& words, std::uint32_t const* constants) {
    if constexpr (Round >= 16) schedule<Round % 16>(words);
    one_round<Round % 16>(state, words, constants);
}

/// What is hashed beside the lanes, if anything is: a block in every four of their rounds takes
/// about as long as the processor's instructions need for it.
struct NothingBeside {
    SATCHEL_WIDE void next_block() const {}
};

struct BlocksBeside {
    sha_instructions::Lane& lane;
    Byte const*& at;

    SATCHEL_WIDE void next_block() const {
        sha_instructions::one_block(lane, at);
        at += block_bytes;
    }
};

constexpr std::size_t rounds_per_block = 4;
constexpr std::size_t blocks_per_compression = sha256_round_constants.size() / rounds_per_block;

// Not by a loop over the groups: then what they are made of would stand in memory.
template <std::size_t Round, std::size_t Groups, class Beside>
SATCHEL_WIDE void one_round_of_all(Lanes<Groups>& lanes, std::uint32_t const* constants,
                                   Beside const& beside) {
    one_round_of<Round>(lanes.states[0], lanes.words[0], constants);
    if constexpr (Groups == 2) one_round_of<Round>(lanes.states[1], lanes.words[1], constants);
    if constexpr (Round % rounds_per_block == rounds_per_block - 1) beside.next_block();
}

template <std::size_t From, std::size_t Groups, class Beside, std::size_t... I>
SATCHEL_WIDE void sixteen_rounds(Lanes<Groups>& lanes, std::uint32_t const* constants,
                                 Beside const& beside, std::index_sequence<I...>) {
    (one_round_of_all<From + I>(lanes, constants, beside), ...);
}

template <std::size_t Groups, class Beside>
SATCHEL_WIDE void compress(Lanes<Groups>& lanes, Beside const& beside) {
    State before[Groups];
    for (std::size_t group = 0; group < Groups; ++group)
        before[group] = lanes.states[group];
    auto const* constants = sha256_round_constants.data();
    sixteen_rounds<0>(lanes, constants, beside, Sixteen());
    for (std::size_t round = 16; round < sha256_round_constants.size(); round += 16)
        sixteen_rounds<16>(lanes, constants + round, beside, Sixteen());
    for (std::size_t group = 0; group < Groups; ++group) {
        State& state = lanes.states[group];
        for (int i = 0; i < 8; ++i)
            state.of[i] = _mm512_add_epi32(state.of[i], before[group].of[i]);
    }
}

/// What ends messages that fill their last block: a bit, and the length in bits.
SATCHEL_WIDE Words padding_for(std::uint64_t message_bytes) {
    std::uint64_t const bits = message_bytes * 8;
    Words words;
    for (__m512i& word : words.of)
        word = _mm512_setzero_si512();
    words.of[0] = _mm512_set1_epi32(static_cast<int>(0x80000000U));
    words.of[14] = _mm512_set1_epi32(static_cast<int>(bits >> 32U));
    words.of[15] = _mm512_set1_epi32(static_cast<int>(bits & 0xffffffffU));
    return words;
}

SATCHEL_WIDE void put_digests(State const& state, std::span<Sha256Digest> digests) {
    for (std::size_t word = 0; word < sha256_first_state.size(); ++word) {
        alignas(64) std::array<std::uint32_t, group_lanes> lanes;
        _mm512_store_si512(lanes.data(), state.of[word]);
        for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
            for (std::size_t i = 0; i < 4; ++i)
                digests[lane][4 * word + i] =
                    static_cast<Byte>(lanes[lane] >> (24 - 8 * i) & 0xffU);
        }
    }
}

template <std::size_t Groups>
SATCHEL_WIDE Lanes<Groups> fresh_lanes() {
    Lanes<Groups> lanes;
    for (State& state : lanes.states) {
        for (std::size_t i = 0; i < sha256_first_state.size(); ++i)
            state.of[i] = _mm512_set1_epi32(static_cast<int>(sha256_first_state[i]));
    }
    return lanes;
}

template <std::size_t Groups, class Beside>
SATCHEL_WIDE void compress_blocks(Lanes<Groups>& lanes, ByteSpan messages,
                                  std::size_t message_bytes, std::size_t from, std::size_t end,
                                  Beside const& beside) {
    for (std::size_t at = from; at < end; at += block_bytes) {
        for (std::size_t group = 0; group < Groups; ++group) {
            auto const first = group * group_lanes * message_bytes;
            lanes.words[group] = words_of(messages.data() + first + at, message_bytes);
        }
        compress(lanes, beside);
    }
}

template <std::size_t Groups>
SATCHEL_WIDE void put_end(Lanes<Groups>& lanes, std::size_t message_bytes,
                          std::span<Sha256Digest> digests) {
    for (Words& words : lanes.words)
        words = padding_for(message_bytes);
    compress(lanes, NothingBeside());
    for (std::size_t group = 0; group < Groups; ++group)
        put_digests(lanes.states[group], digests.subspan(group * group_lanes, group_lanes));
}

template <std::size_t Groups>
SATCHEL_LANES void all_at_once(ByteSpan messages, std::span<Sha256Digest> digests) {
    std::size_t const message_bytes = messages.size() / digests.size();
    auto lanes = fresh_lanes<Groups>();
    compress_blocks(lanes, messages, message_bytes, 0, message_bytes, NothingBeside());
    put_end(lanes, message_bytes, digests);
}

/// One group, and as many of the blocks beside it as go with its compressions.
SATCHEL_LANES void all_at_once(ByteSpan messages, std::span<Sha256Digest> digests,
                               sha_instructions::Lane& lane, ByteSpan& blocks) {
    std::size_t const message_bytes = messages.size() / digests.size();
    auto const with = std::min(blocks.size() / (block_bytes * blocks_per_compression),
                               message_bytes / block_bytes);
    auto lanes = fresh_lanes<1>();
    sha_instructions::Lane beside = lane;
    Byte const* at = blocks.data();
    compress_blocks(lanes, messages, message_bytes, 0, with * block_bytes,
                    BlocksBeside{beside, at});
    compress_blocks(lanes, messages, message_bytes, with * block_bytes, message_bytes,
                    NothingBeside());
    put_end(lanes, message_bytes, digests);
    lane = beside;
    blocks = blocks.subspan(with * block_bytes * blocks_per_compression);
}

#undef SATCHEL_LANES
#undef SATCHEL_WIDE

}  // namespace

bool has_sha256_lanes() {
    static bool const found = __builtin_cpu_supports("avx512f") != 0 &&
                              __builtin_cpu_supports("avx512bw") != 0 &&
                              sha_instructions::available();
    return found;
}

void sha256_of_lanes(ByteSpan messages, std::span<Sha256Digest> digests, Sha256Beside* beside) {
    assert(digests.size() == sha256_lanes || digests.size() == sha256_lanes_min);
    std::size_t const group_bytes = messages.size() / digests.size() * group_lanes;
    if (beside != nullptr && !beside->state_->waiting.empty()) {
        for (; !digests.empty(); digests = digests.subspan(group_lanes)) {
            all_at_once(messages.first(group_bytes), digests.first(group_lanes),
                        beside->state_->stream.lane, beside->state_->waiting);
            messages = messages.subspan(group_bytes);
        }
    } else if (digests.size() == sha256_lanes) {
        all_at_once<2>(messages, digests);
    } else {
        all_at_once<1>(messages, digests);
    }
}

#else

bool has_sha256_lanes() {
    return false;
}

void sha256_of_lanes(ByteSpan messages, std::span<Sha256Digest> digests, Sha256Beside*) {
    std::size_t const message_bytes = messages.size() / digests.size();
    for (std::size_t i = 0; i < digests.size(); ++i)
        digests[i] = sha256(messages.subspan(i * message_bytes, message_bytes));
}

#endif

}  // namespace satchel
