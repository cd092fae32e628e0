// How a base64 part was written, so that encoding its content again gives the same bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "src/base/result.h"

namespace satchel::mailgw {

struct Base64Shape {
    std::uint64_t line_length = 0;  ///< characters; 0: one line
    std::string lead;               ///< white space before the first character
    std::string trailer;            ///< white space after the last
    bool crlf = true;               ///< lines end in CRLF, else in LF

    std::string_view eol() const { return crlf ? "\r\n" : "\n"; }

    friend bool operator==(Base64Shape const&, Base64Shape const&) = default;
};

/// A shape, and where the characters between lead and trailer lie.
struct ShapedRange {
    Base64Shape shape;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

inline constexpr std::size_t lead_octets_max = 256;  ///< also of the trailer

/// The shape that a range of a file can only have if it is base64 at all: from its white space at
/// both ends and its first line. None if there is nothing but white space, or too much of it.
Result<std::optional<ShapedRange>> detect_base64_shape(int fd, std::uint64_t begin,
                                                       std::uint64_t end);

}  // namespace satchel::mailgw
