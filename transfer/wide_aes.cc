#include "transfer/wide_aes.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <utility>

#include <openssl/crypto.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace satchel::transfer {

WideAesCounter::~WideAesCounter() {
    OPENSSL_cleanse(round_keys_.data(), round_keys_.size());
}

#if defined(__x86_64__)

// GCC 12 takes the "undefined" operand of its own intrinsics for a mistake of ours (its bug
// 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace {

#define SATCHEL_VAES __attribute__((target("avx512f,avx512bw,vaes,aes")))
#define SATCHEL_WIDE __attribute__((target("avx512f,avx512bw,vaes,aes"), always_inline)) inline

constexpr std::size_t block_bytes = 16;
constexpr std::size_t wide_bytes = 64;  ///< of one register
constexpr std::size_t wides_at_once = 8;

// Arrays of the library would drop the registers' alignment.
struct RoundKeys {
    __m512i of[11];
};

/// FIPS 197 §5.2: the next round's key from the last one's.
template <int Constant>
SATCHEL_WIDE __m128i next_key(__m128i key) {
    __m128i const turned = _mm_shuffle_epi32(_mm_aeskeygenassist_si128(key, Constant), 0xff);
    for (int i = 0; i < 3; ++i)
        key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
    return _mm_xor_si128(key, turned);
}

template <int... Constants>
SATCHEL_VAES void expand(Byte const* key, Byte* out, std::integer_sequence<int, Constants...>) {
    auto const put = [&out](__m128i one) SATCHEL_VAES {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out), one);
        out += block_bytes;
    };
    __m128i last = _mm_loadu_si128(reinterpret_cast<__m128i const*>(key));
    put(last);
    ((last = next_key<Constants>(last), put(last)), ...);
}

SATCHEL_WIDE RoundKeys load(Byte const* round_keys) {
    RoundKeys keys;
    for (std::size_t i = 0; i < std::size(keys.of); ++i) {
        auto const* const at = reinterpret_cast<__m128i const*>(round_keys + i * block_bytes);
        keys.of[i] = _mm512_broadcast_i32x4(_mm_loadu_si128(at));
    }
    return keys;
}

/// The counters of four blocks, the first of which is given. They are 128 bits, but no connection
/// lives to see more than the lower 64.
SATCHEL_WIDE __m512i counters_from(std::uint64_t block) {
    __m512i const numbers = _mm512_add_epi64(_mm512_set1_epi64(static_cast<long long>(block)),
                                             _mm512_set_epi64(3, 0, 2, 0, 1, 0, 0, 0));
    // Big-endian, and the upper half is zero.
    __m512i const turn = _mm512_broadcast_i32x4(_mm_set_epi64x(0x08090a0b0c0d0e0f, -1));
    return _mm512_shuffle_epi8(numbers, turn);
}

template <std::size_t... I>
SATCHEL_WIDE void mask_all(RoundKeys const& keys, std::uint64_t block, Byte const* in, Byte* out,
                           std::index_sequence<I...>) {
    __m512i state[] = {_mm512_xor_si512(counters_from(block + 4 * I), keys.of[0])...};
    for (std::size_t round = 1; round < std::size(keys.of) - 1; ++round)
        ((state[I] = _mm512_aesenc_epi128(state[I], keys.of[round])), ...);
    ((state[I] = _mm512_aesenclast_epi128(state[I], keys.of[std::size(keys.of) - 1])), ...);
    (_mm512_storeu_si512(out + I * wide_bytes,
                         _mm512_xor_si512(state[I], _mm512_loadu_si512(in + I * wide_bytes))),
     ...);
}

/// Whole registers' worth, from a block's beginning.
SATCHEL_VAES void mask_wides(Byte const* round_keys, std::uint64_t block, ByteSpan in, Byte* out) {
    RoundKeys const keys = load(round_keys);
    std::size_t at = 0;
    for (; in.size() - at >= wides_at_once * wide_bytes; at += wides_at_once * wide_bytes) {
        mask_all(keys, block + at / block_bytes, in.data() + at, out + at,
                 std::make_index_sequence<wides_at_once>());
    }
    for (; at < in.size(); at += wide_bytes) {
        mask_all(keys, block + at / block_bytes, in.data() + at, out + at,
                 std::make_index_sequence<1>());
    }
}

#undef SATCHEL_VAES
#undef SATCHEL_WIDE

bool look_for_instructions() {
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    bool const registers = __builtin_cpu_supports("avx512f") != 0 &&
                           __builtin_cpu_supports("avx512bw") != 0 &&
                           __builtin_cpu_supports("aes") != 0;
    // Not every compiler knows the name.
    return registers && __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (c & bit_VAES) != 0;
}

}  // namespace

std::unique_ptr<WideAesCounter> WideAesCounter::with_key(std::span<Byte const, 16> key) {
    static bool const possible = look_for_instructions();
    if (!possible) return nullptr;
    std::unique_ptr<WideAesCounter> counter(new WideAesCounter());
    expand(
        key.data(), counter->round_keys_.data(),
        std::integer_sequence<int, 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x1b, 0x36>());
    return counter;
}

void WideAesCounter::apply(ByteSpan in, std::span<Byte> out) {
    assert(in.size() == out.size());
    while (!in.empty()) {
        std::size_t const begun = done_bytes_ % wide_bytes;
        std::uint64_t const block = (done_bytes_ - begun) / block_bytes;
        std::size_t taken = in.size() - in.size() % wide_bytes;
        if (begun == 0 && taken > 0) {
            mask_wides(round_keys_.data(), block, in.first(taken), out.data());
        } else {
            // What begins or ends within a register's worth.
            taken = std::min(in.size(), wide_bytes - begun);
            std::array<Byte, wide_bytes> part{};
            std::copy_n(in.data(), taken, part.data() + begun);
            mask_wides(round_keys_.data(), block, part, part.data());
            std::copy_n(part.data() + begun, taken, out.data());
        }
        done_bytes_ += taken;
        in = in.subspan(taken);
        out = out.subspan(taken);
    }
}

#else

std::unique_ptr<WideAesCounter> WideAesCounter::with_key(std::span<Byte const, 16>) {
    return nullptr;
}

void WideAesCounter::apply(ByteSpan, std::span<Byte>) {
    std::abort();  // nobody has one
}

#endif

}  // namespace satchel::transfer
