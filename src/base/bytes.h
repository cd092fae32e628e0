// Owned and borrowed octets, and the few things one does with them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace satchel {

using Byte = std::uint8_t;
using Bytes = std::vector<Byte>;
using ByteSpan = std::span<Byte const>;

/// The octets of a text, not copied.
inline ByteSpan bytes_of(std::string_view text) {
    return {reinterpret_cast<Byte const*>(text.data()), text.size()};
}

/// The same octets, seen as text, not copied.
inline std::string_view text_of(ByteSpan bytes) {
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

inline Bytes copy_of(ByteSpan bytes) {
    return {bytes.begin(), bytes.end()};
}

inline void append(Bytes& to, ByteSpan more) {
    to.insert(to.end(), more.begin(), more.end());
}

/// Compares in time that depends on the lengths alone.
bool equal_in_constant_time(ByteSpan a, ByteSpan b);

}  // namespace satchel
