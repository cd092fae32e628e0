// The part of a mail text that needs no thought: whole lines that end as they should.
#pragma once

#include <cstring>

#include "src/base/bytes.h"

namespace satchel::mailgw {

/// How many octets of `text`, which begins inside a line or with an ordinary line, are lines that
/// end in CR LF, hold no other CR or LF, and are each followed by an octet that is none of these
/// nor a dot. Most mail is one such run after another: it can be passed on in one piece.
inline std::size_t clean_lines(ByteSpan text) {
    std::size_t clean = 0;
    while (true) {
        ByteSpan const rest = text.subspan(clean);
        auto const* lf = static_cast<Byte const*>(std::memchr(rest.data(), '\n', rest.size()));
        if (lf == nullptr) return clean;
        auto const length = static_cast<std::size_t>(lf - rest.data());
        bool const ends_well = length > 0 && rest[length - 1] == '\r' &&
                               std::memchr(rest.data(), '\r', length - 1) == nullptr;
        if (!ends_well || length + 1 == rest.size()) return clean;
        Byte const next = rest[length + 1];
        if (next == '.' || next == '\r' || next == '\n') return clean;
        clean += length + 1;
    }
}

}  // namespace satchel::mailgw
