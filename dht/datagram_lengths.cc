#include "dht/datagram_lengths.h"

#include <cstdint>

namespace satchel::location {

namespace {

/// What one msgpack head says (the msgpack specification, "Formats").
struct Head {
    std::size_t length_bytes = 0;  ///< of the length that follows the head; 0: in the head, or none
    std::uint64_t fixed = 0;  ///< bytes of payload, or count of elements, where it is in the head
    std::uint64_t extra = 0;  ///< bytes of payload besides: the type of an ext
    unsigned elements_each = 0;  ///< 0: the length counts bytes; 1: elements; 2: pairs
    bool known = true;
};

Head head_of(Byte first) {
    if (first <= 0x7f || first >= 0xe0) return {};                          // fixint
    if (first <= 0x8f) return {0, first & 0x0fU, 0, 2};                     // fixmap
    if (first <= 0x9f) return {0, first & 0x0fU, 0, 1};                     // fixarray
    if (first <= 0xbf) return {0, first & 0x1fU, 0, 0};                     // fixstr
    if (first == 0xc1) return {.known = false};                             // never used
    if (first <= 0xc3) return {};                                           // nil, booleans
    if (first <= 0xc6) return {std::size_t{1} << (first - 0xc4), 0, 0, 0};  // bin 8, 16, 32
    if (first <= 0xc9) return {std::size_t{1} << (first - 0xc7), 0, 1, 0};  // ext 8, 16, 32
    if (first <= 0xcb) return {0, first == 0xca ? 4U : 8U, 0, 0};           // float 32, 64
    if (first <= 0xcf) return {0, 1ULL << (first - 0xcc), 0, 0};            // uint 8 to 64
    if (first <= 0xd3) return {0, 1ULL << (first - 0xd0), 0, 0};            // int 8 to 64
    if (first <= 0xd8) return {0, 1ULL << (first - 0xd4), 1, 0};            // fixext 1 to 16
    if (first <= 0xdb) return {std::size_t{1} << (first - 0xd9), 0, 0, 0};  // str 8, 16, 32
    if (first <= 0xdd) return {first == 0xdc ? 2U : 4U, 0, 0, 1};           // array 16, 32
    return {first == 0xde ? 2U : 4U, 0, 0, 2};                              // map 16, 32
}

}  // namespace

bool lengths_hold(ByteSpan datagram) {
    std::uint64_t pending = 1;  // values still to come, each at least a byte
    while (pending > 0) {
        if (pending > datagram.size()) return false;
        Head const head = head_of(datagram.front());
        datagram = datagram.subspan(1);
        if (!head.known || datagram.size() < head.length_bytes) return false;
        std::uint64_t length = head.fixed;
        for (std::size_t i = 0; i < head.length_bytes; ++i)
            length = length << 8 | datagram[i];
        datagram = datagram.subspan(head.length_bytes);
        std::uint64_t const payload = head.extra + (head.elements_each == 0 ? length : 0);
        if (payload > datagram.size()) return false;
        datagram = datagram.subspan(payload);
        pending += length * head.elements_each - 1;
    }
    return true;
}

}  // namespace satchel::location
