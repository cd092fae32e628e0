#include "src/base/base64_decoder.h"

#include <array>
#include <bit>
#include <cstring>

namespace satchel {

namespace {

constexpr std::uint32_t foreign = 0x8000'0000U;
constexpr std::uint32_t white = 0x4000'0000U;
constexpr std::uint32_t padding_sign = 0x2000'0000U;
constexpr std::uint32_t not_a_digit = foreign | white | padding_sign;

using Table = std::array<std::uint32_t, 256>;

// Four tables, one per place in the group, each with the character's 6 bits where they stand in the
// three octets as they lie in memory: a group is four loads, three ORs and one store.
constexpr std::uint32_t in_memory_order(std::uint32_t group) {
    static_assert(std::endian::native == std::endian::little);
    return (group >> 16 & 0xffU) | (group & 0xff00U) | (group & 0xffU) << 16;
}

constexpr std::array<Table, 4> make_tables() {
    constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::array<Table, 4> tables{};
    for (unsigned place = 0; place < 4; ++place) {
        tables[place].fill(foreign);
        for (char c : {' ', '\t', '\r', '\n'})
            tables[place][static_cast<Byte>(c)] = white;
        tables[place][Byte{'='}] = padding_sign;
        for (std::uint32_t i = 0; i < 64; ++i)
            tables[place][static_cast<Byte>(alphabet[i])] = in_memory_order(i << (18 - 6 * place));
    }
    return tables;
}

constexpr std::array<Table, 4> tables = make_tables();

/// Whole groups without white space between; stops at the first other one.
void decode_groups(Byte const*& from, Byte const* end, Byte*& to) {
    while (end - from >= 4) {
        std::uint32_t const octets =
            tables[0][from[0]] | tables[1][from[1]] | tables[2][from[2]] | tables[3][from[3]];
        if ((octets & not_a_digit) != 0) return;
        std::memcpy(to, &octets, 4);  // the fourth octet is overwritten by the next group
        from += 4;
        to += 3;
    }
}

}  // namespace

Status Base64Decoder::decode(ByteSpan text, Bytes& out) {
    std::size_t const before = out.size();
    out.resize(before + (text.size() + 3) / 4 * 3 + 4);
    Byte const* from = text.data();
    Byte const* const end = from + text.size();
    Byte* to = out.data() + before;
    Status status;
    while (from != end && status) {
        if (characters_ == 0 && padding_ == Padding::none) {
            decode_groups(from, end, to);
            if (from == end) break;
        }
        status = take(*from++, to);
    }
    out.resize(static_cast<std::size_t>(to - out.data()));
    return status;
}

Status Base64Decoder::take(Byte character, Byte*& to) {
    std::uint32_t const digit = tables[0][character];
    if (digit == white) return {};
    if (digit == foreign) return fail(Fault::corrupt, "base64: foreign character");
    if (digit == padding_sign) return take_padding(to);
    if (padding_ != Padding::none) return fail(Fault::corrupt, "base64: text after the padding");
    group_ |= tables[characters_][character];
    if (++characters_ == 4) {
        std::memcpy(to, &group_, 3);
        to += 3;
        group_ = 0;
        characters_ = 0;
    }
    return {};
}

Status Base64Decoder::take_padding(Byte*& to) {
    if (padding_ == Padding::one_more) {
        padding_ = Padding::complete;
        return {};
    }
    if (padding_ == Padding::complete || characters_ < 2)
        return fail(Fault::corrupt, "base64: padding where none belongs");
    std::size_t const octets = characters_ - 1;
    if (group_ >> (8 * octets) != 0)
        return fail(Fault::corrupt, "base64: trailing bits are not zero");
    std::memcpy(to, &group_, octets);
    to += octets;
    padding_ = characters_ == 2 ? Padding::one_more : Padding::complete;
    group_ = 0;
    characters_ = 0;
    return {};
}

Status Base64Decoder::finish() {
    bool const complete = characters_ == 0 && padding_ != Padding::one_more;
    *this = Base64Decoder();
    if (!complete) return fail(Fault::corrupt, "base64: ends in the middle of a group");
    return {};
}

}  // namespace satchel
