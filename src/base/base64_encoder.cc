#include "src/base/base64_encoder.h"

#include <algorithm>
#include <cstring>

#include "src/base/base64.h"

namespace satchel {

namespace {

constexpr std::size_t piece_octets = 3 * 4096;

// Two characters for every 12 bits: a group is two loads and two stores.
constexpr std::array<std::array<char, 2>, 4096> make_pairs() {
    constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::array<std::array<char, 2>, 4096> pairs{};
    for (std::size_t i = 0; i < pairs.size(); ++i)
        pairs[i] = {alphabet[i >> 6], alphabet[i & 63]};
    return pairs;
}

constexpr std::array<std::array<char, 2>, 4096> pairs = make_pairs();

/// Encodes whole groups; gives the number of characters.
std::size_t encode_groups(Byte const* from, std::size_t groups, char* to) {
    for (std::size_t i = 0; i < groups; ++i, from += 3, to += 4) {
        std::size_t const first = static_cast<std::size_t>(from[0]) << 4 | from[1] >> 4;
        std::size_t const second = (from[1] & 15U) << 8 | from[2];
        std::memcpy(to, pairs[first].data(), 2);
        std::memcpy(to + 2, pairs[second].data(), 2);
    }
    return groups * 4;
}

}  // namespace

Base64Encoder::Base64Encoder(std::size_t line_length, std::string_view eol)
    : line_length_(line_length)
    , eol_(eol) {}

void Base64Encoder::encode(ByteSpan content, std::string& out) {
    std::array<char, piece_octets / 3 * 4> characters;
    if (octets_ > 0) {
        std::size_t const taken = std::min(3 - octets_, content.size());
        std::copy_n(content.begin(), taken, group_.begin() + static_cast<std::ptrdiff_t>(octets_));
        octets_ += taken;
        content = content.subspan(taken);
        if (octets_ < 3) return;
        put({characters.data(), encode_groups(group_.data(), 1, characters.data())}, out);
        octets_ = 0;
    }
    while (content.size() >= 3) {
        std::size_t const groups = std::min(content.size(), piece_octets) / 3;
        put({characters.data(), encode_groups(content.data(), groups, characters.data())}, out);
        content = content.subspan(groups * 3);
    }
    std::copy(content.begin(), content.end(), group_.begin());
    octets_ = content.size();
}

void Base64Encoder::finish(std::string& out) {
    put(to_base64(ByteSpan(group_).first(octets_)), out);
    octets_ = 0;
    column_ = 0;
}

void Base64Encoder::put(std::string_view characters, std::string& out) {
    while (line_length_ > 0 && !characters.empty()) {
        if (column_ == line_length_) {
            out += eol_;
            column_ = 0;
        }
        std::size_t const taken = std::min(line_length_ - column_, characters.size());
        out.append(characters.substr(0, taken));
        column_ += taken;
        characters.remove_prefix(taken);
    }
    out.append(characters);
}

}  // namespace satchel
