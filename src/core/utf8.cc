#include "src/core/utf8.h"

#include <cstdint>

namespace satchel {

namespace {

std::uint8_t octet(std::string_view text, std::size_t at) {
    return static_cast<std::uint8_t>(text[at]);
}

bool between(std::uint8_t value, unsigned low, unsigned high) {
    return value >= low && value <= high;
}

/// Length that a lead octet announces, and the range of the second octet (RFC 3629 §4).
struct Lead {
    std::size_t octets = 0;
    unsigned second_low = 0x80;
    unsigned second_high = 0xbf;
};

Lead lead_of(std::uint8_t first) {
    if (first < 0x80) return {1};
    if (between(first, 0xc2, 0xdf)) return {2};
    if (first == 0xe0) return {3, 0xa0};
    if (first == 0xed) return {3, 0x80, 0x9f};
    if (between(first, 0xe1, 0xef)) return {3};
    if (first == 0xf0) return {4, 0x90};
    if (first == 0xf4) return {4, 0x80, 0x8f};
    if (between(first, 0xf1, 0xf3)) return {4};
    return {};
}

}  // namespace

std::size_t utf8_character_octets(std::string_view text) {
    if (text.empty()) return 0;
    Lead const lead = lead_of(octet(text, 0));
    if (lead.octets == 0 || lead.octets > text.size()) return 0;
    if (lead.octets >= 2 && !between(octet(text, 1), lead.second_low, lead.second_high)) return 0;
    for (std::size_t at = 2; at < lead.octets; ++at)
        if (!between(octet(text, at), 0x80, 0xbf)) return 0;
    return lead.octets;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        std::size_t const octets = utf8_character_octets(text);
        if (octets == 0) return false;
        text.remove_prefix(octets);
    }
    return true;
}

std::string to_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        std::size_t const octets = utf8_character_octets(text);
        if (octets == 0)
            out += "\xef\xbf\xbd";
        else
            out += text.substr(0, octets);
        text.remove_prefix(octets == 0 ? 1 : octets);
    }
    return out;
}

std::string_view utf8_prefix(std::string_view text, std::size_t max_octets) {
    std::size_t end = 0;
    while (end < text.size()) {
        std::size_t const octets = utf8_character_octets(text.substr(end));
        if (octets == 0 || end + octets > max_octets) break;
        end += octets;
    }
    return text.substr(0, end);
}

}  // namespace satchel
