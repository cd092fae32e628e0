#include "src/base/plain_sha256.h"

#include <algorithm>
#include <bit>
#include <cstdint>

#include "src/base/sha256_round_constants.h"

namespace satchel {

namespace {

constexpr std::size_t block_bytes = 64;
constexpr std::size_t length_bytes = 8;

using State = std::array<std::uint32_t, 8>;

std::uint32_t word_at(ByteSpan block, std::size_t index) {
    std::uint32_t word = 0;
    for (Byte const octet : block.subspan(4 * index, 4))
        word = word << 8U | octet;
    return word;
}

/// FIPS 180-4 §6.2.2, with its names.
void take_block(State& state, ByteSpan block) {
    std::array<std::uint32_t, 64> w{};
    for (std::size_t t = 0; t < 16; ++t)
        w[t] = word_at(block, t);
    for (std::size_t t = 16; t < w.size(); ++t) {
        std::uint32_t const x = w[t - 15];
        std::uint32_t const y = w[t - 2];
        w[t] = w[t - 16] + (std::rotr(x, 7) ^ std::rotr(x, 18) ^ x >> 3U) + w[t - 7] +
               (std::rotr(y, 17) ^ std::rotr(y, 19) ^ y >> 10U);
    }
    auto [a, b, c, d, e, f, g, h] = state;
    for (std::size_t t = 0; t < w.size(); ++t) {
        std::uint32_t const t1 = h + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) +
                                 ((e & f) ^ (~e & g)) + sha256_round_constants[t] + w[t];
        std::uint32_t const t2 =
            (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    State const mixed{a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < state.size(); ++i)
        state[i] += mixed[i];
}

}  // namespace

Sha256Digest plain_sha256(ByteSpan text) {
    // FIPS 180-4 §5.1.1: a one bit, zeros, and the length in bits at the end of a block.
    Bytes padded(text.begin(), text.end());
    padded.push_back(0x80);
    padded.resize((padded.size() + length_bytes + block_bytes - 1) / block_bytes * block_bytes);
    std::uint64_t bits = std::uint64_t{text.size()} * 8;
    for (std::size_t i = 0; i < length_bytes; ++i, bits >>= 8U)
        padded[padded.size() - 1 - i] = static_cast<Byte>(bits);
    State state = sha256_first_state;
    for (std::size_t at = 0; at < padded.size(); at += block_bytes)
        take_block(state, ByteSpan(padded).subspan(at, block_bytes));
    Sha256Digest digest{};
    for (std::size_t i = 0; i < digest.size(); ++i)
        digest[i] = static_cast<Byte>(state[i / 4] >> (24U - 8U * (i % 4)));
    return digest;
}

}  // namespace satchel
