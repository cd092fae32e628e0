#include "src/base/sha256_pair.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "src/base/sha256_round_constants.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace satchel {

namespace {

constexpr std::size_t block_bytes = 64;

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

#define SATCHEL_INSTRUCTIONS __attribute__((target("sha,sse4.1")))
#define SATCHEL_SHA __attribute__((target("sha,sse4.1"), always_inline)) inline

/// One message on its way: the state in the halves that the instructions want, and the last
/// sixteen words of the schedule.
struct Lane {
    __m128i abef;
    __m128i cdgh;
    __m128i words[4];  // an array of the library would drop their alignment
};

SATCHEL_SHA Lane fresh_lane() {
    auto const word = [](std::size_t at) { return static_cast<int>(sha256_first_state[at]); };
    return {_mm_set_epi32(word(0), word(1), word(4), word(5)),
            _mm_set_epi32(word(2), word(3), word(6), word(7)),
            {}};
}

/// Rounds 4·Group to 4·Group + 3.
template <std::size_t Group>
SATCHEL_SHA void four_rounds(Lane& lane, Byte const* block) {
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
SATCHEL_SHA void two_blocks(Lane& one, Lane& two, Byte const* first, Byte const* second,
                            std::index_sequence<Groups...>) {
    Lane const before_one = one;
    Lane const before_two = two;
    ((four_rounds<Groups>(one, first), four_rounds<Groups>(two, second)), ...);
    one.abef = _mm_add_epi32(one.abef, before_one.abef);
    one.cdgh = _mm_add_epi32(one.cdgh, before_one.cdgh);
    two.abef = _mm_add_epi32(two.abef, before_two.abef);
    two.cdgh = _mm_add_epi32(two.cdgh, before_two.cdgh);
}

template <std::size_t... Groups>
SATCHEL_SHA void one_block(Lane& lane, Byte const* block, std::index_sequence<Groups...>) {
    Lane const before = lane;
    (four_rounds<Groups>(lane, block), ...);
    lane.abef = _mm_add_epi32(lane.abef, before.abef);
    lane.cdgh = _mm_add_epi32(lane.cdgh, before.cdgh);
}

SATCHEL_SHA void put_word(Sha256Digest& digest, std::size_t at, int word) {
    auto const bits = static_cast<std::uint32_t>(word);
    for (std::size_t i = 0; i < 4; ++i)
        digest[4 * at + i] = static_cast<Byte>(bits >> (24 - 8 * i) & 0xffU);
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

/// What ends a message that fills its last block: a bit, and the length in bits.
std::array<Byte, block_bytes> padding_for(std::uint64_t bytes) {
    std::array<Byte, block_bytes> block{};
    block[0] = Byte{0x80};
    std::uint64_t const bits = bytes * 8;
    for (std::size_t i = 0; i < 8; ++i)
        block[block_bytes - 1 - i] = static_cast<Byte>(bits >> (8 * i) & 0xffU);
    return block;
}

SATCHEL_INSTRUCTIONS std::array<Sha256Digest, 2> both(ByteSpan first, ByteSpan second) {
    constexpr auto groups = std::make_index_sequence<16>();
    Lane one = fresh_lane();
    Lane two = fresh_lane();
    for (std::size_t at = 0; at < first.size(); at += block_bytes)
        two_blocks(one, two, first.data() + at, second.data() + at, groups);
    auto const padding = padding_for(first.size());
    two_blocks(one, two, padding.data(), padding.data(), groups);
    return {digest_of(one), digest_of(two)};
}

/// A message that arrives in pieces: what there is of its next block, and how long it is so far.
struct Stream {
    Lane lane;
    std::array<Byte, block_bytes> held;
    std::size_t held_bytes;
    std::uint64_t bytes;
};

SATCHEL_INSTRUCTIONS Stream fresh_stream() {
    return {fresh_lane(), {}, 0, 0};
}

/// Fills the held block, and gives what then follows in whole blocks.
SATCHEL_INSTRUCTIONS ByteSpan take_held(Stream& stream, ByteSpan& more) {
    stream.bytes += more.size();
    if (stream.held_bytes > 0) {
        auto const taken = std::min(more.size(), block_bytes - stream.held_bytes);
        std::copy_n(more.data(), taken, stream.held.data() + stream.held_bytes);
        stream.held_bytes += taken;
        more = more.subspan(taken);
        if (stream.held_bytes < block_bytes) return {};
        one_block(stream.lane, stream.held.data(), std::make_index_sequence<16>());
        stream.held_bytes = 0;
    }
    ByteSpan const whole = more.first(more.size() / block_bytes * block_bytes);
    more = more.subspan(whole.size());
    return whole;
}

void hold(Stream& stream, ByteSpan rest) {
    std::copy_n(rest.data(), rest.size(), stream.held.data() + stream.held_bytes);
    stream.held_bytes += rest.size();
}

SATCHEL_INSTRUCTIONS void run(Lane& lane, ByteSpan blocks) {
    for (; !blocks.empty(); blocks = blocks.subspan(block_bytes))
        one_block(lane, blocks.data(), std::make_index_sequence<16>());
}

SATCHEL_INSTRUCTIONS void update_both(std::array<Stream, 2>& streams, ByteSpan first,
                                      ByteSpan second) {
    ByteSpan one = take_held(streams[0], first);
    ByteSpan two = take_held(streams[1], second);
    std::size_t const both = std::min(one.size(), two.size());
    for (std::size_t at = 0; at < both; at += block_bytes) {
        two_blocks(streams[0].lane, streams[1].lane, one.data() + at, two.data() + at,
                   std::make_index_sequence<16>());
    }
    run(streams[0].lane, one.subspan(both));
    run(streams[1].lane, two.subspan(both));
    hold(streams[0], first);
    hold(streams[1], second);
}

/// FIPS 180-4 §5.1.1.
SATCHEL_INSTRUCTIONS Sha256Digest finish_stream(Stream& stream) {
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
    stream = fresh_stream();
    return digest;
}

class SideBySide final : public Sha256Pair::State {
public:
    void update(ByteSpan first, ByteSpan second) override { update_both(streams_, first, second); }

    Sha256Digest finish(std::size_t which) override { return finish_stream(streams_.at(which)); }

private:
    std::array<Stream, 2> streams_{fresh_stream(), fresh_stream()};
};

#undef SATCHEL_SHA
#undef SATCHEL_INSTRUCTIONS

bool look_for_instructions() {
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    bool const sse = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_SSE4_1) != 0;
    return sse && __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
}

}  // namespace

bool has_sha256_pair() {
    static bool const found = look_for_instructions();
    return found;
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
