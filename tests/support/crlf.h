// Mail as the wire has it, from text as an editor keeps it.
#pragma once

#include <string>
#include <string_view>

namespace satchel::testing {

/// Every end of line, whichever it was, as CRLF.
inline std::string with_crlf(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n' && i > 0 && text[i - 1] == '\r') continue;
        if (text[i] == '\n' || text[i] == '\r') {
            out += "\r\n";
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace satchel::testing
