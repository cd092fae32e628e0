#include "src/base/sha256_pair.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "src/base/sha256_instructions.h"

namespace satchel {

namespace {

std::array<Sha256Digest, 2> one_by_one(ByteSpan first, ByteSpan second) {
    return {sha256(first), sha256(second)};
}

}  // namespace

class Sha256Pair::State {
public:
    State() = default;
    State(State const&) = delete;
    State& operator=(State const&) = delete;
    virtual ~State() = default;
    virtual void update(ByteSpan first, ByteSpan second) = 0;
    virtual Sha256Digest finish(std::size_t which) = 0;
};

namespace {

class OneByOne final : public Sha256Pair::State {
public:
    void update(ByteSpan first, ByteSpan second) override {
        hashes_[0].update(first);
        hashes_[1].update(second);
    }

    Sha256Digest finish(std::size_t which) override { return hashes_.at(which).finish(); }

private:
    std::array<Sha256, 2> hashes_;
};

}  // namespace

#if defined(__x86_64__)

namespace {

using sha_instructions::available;
using sha_instructions::block_bytes;
using sha_instructions::digest_of;
using sha_instructions::four_rounds;
using sha_instructions::fresh_lane;
using sha_instructions::Lane;
using sha_instructions::run;
using sha_instructions::Stream;
using sha_instructions::take;

template <std::size_t... Groups>
SATCHEL_SHA_INLINE void two_blocks(Lane& one, Lane& two, Byte const* first, Byte const* second,
                                   std::index_sequence<Groups...>) {
    Lane const before_one = one;
    Lane const before_two = two;
    ((four_rounds<Groups>(one, first), four_rounds<Groups>(two, second)), ...);
    one.abef = _mm_add_epi32(one.abef, before_one.abef);
    one.cdgh = _mm_add_epi32(one.cdgh, before_one.cdgh);
    two.abef = _mm_add_epi32(two.abef, before_two.abef);
    two.cdgh = _mm_add_epi32(two.cdgh, before_two.cdgh);
}

/// What ends a message that fills its last block: a bit, and the length in bits.
std::array<Byte, block_bytes> padding_for(std::uint64_t bytes) {
    std::array<Byte, block_bytes> block{};
    block[0] = Byte{0x80};
    std::uint64_t const bits = bytes * 8;
    for (std::size_t i = 0; i < 8; ++i)
        block[block_bytes - 1 - i] = static_cast<Byte>(bits >> (8 * i) & 0xffU);
    return block;
}

SATCHEL_SHA std::array<Sha256Digest, 2> both(ByteSpan first, ByteSpan second) {
    constexpr auto groups = std::make_index_sequence<16>();
    Lane one = fresh_lane();
    Lane two = fresh_lane();
    for (std::size_t at = 0; at < first.size(); at += block_bytes)
        two_blocks(one, two, first.data() + at, second.data() + at, groups);
    auto const padding = padding_for(first.size());
    two_blocks(one, two, padding.data(), padding.data(), groups);
    return {digest_of(one), digest_of(two)};
}

SATCHEL_SHA void update_both(std::array<Stream, 2>& streams, ByteSpan first, ByteSpan second) {
    ByteSpan const one = take(streams[0], first);
    ByteSpan const two = take(streams[1], second);
    std::size_t const both = std::min(one.size(), two.size());
    for (std::size_t at = 0; at < both; at += block_bytes) {
        two_blocks(streams[0].lane, streams[1].lane, one.data() + at, two.data() + at,
                   std::make_index_sequence<16>());
    }
    run(streams[0].lane, one.subspan(both));
    run(streams[1].lane, two.subspan(both));
}

class SideBySide final : public Sha256Pair::State {
public:
    void update(ByteSpan first, ByteSpan second) override { update_both(streams_, first, second); }

    Sha256Digest finish(std::size_t which) override {
        return sha_instructions::finish(streams_.at(which));
    }

private:
    std::array<Stream, 2> streams_;
};

}  // namespace

bool has_sha256_pair() {
    return available();
}

std::array<Sha256Digest, 2> sha256_of_two(ByteSpan first, ByteSpan second) {
    return has_sha256_pair() ? both(first, second) : one_by_one(first, second);
}

Sha256Pair::Sha256Pair() {
    if (has_sha256_pair()) {
        state_ = std::make_unique<SideBySide>();
    } else {
        state_ = std::make_unique<OneByOne>();
    }
}

#else

bool has_sha256_pair() {
    return false;
}

std::array<Sha256Digest, 2> sha256_of_two(ByteSpan first, ByteSpan second) {
    return one_by_one(first, second);
}

Sha256Pair::Sha256Pair()
    : state_(std::make_unique<OneByOne>()) {}

#endif

Sha256Pair::Sha256Pair(Sha256Pair&&) noexcept = default;
Sha256Pair& Sha256Pair::operator=(Sha256Pair&&) noexcept = default;
Sha256Pair::~Sha256Pair() = default;

void Sha256Pair::update(ByteSpan first, ByteSpan second) {
    state_->update(first, second);
}

Sha256Digest Sha256Pair::finish_first() {
    return state_->finish(0);
}

Sha256Digest Sha256Pair::finish_second() {
    return state_->finish(1);
}

}  // namespace satchel
