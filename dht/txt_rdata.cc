#include "dht/txt_rdata.h"

#include "src/core/limits.h"

namespace satchel::location {

std::optional<std::string> joined_strings(ByteSpan rdata) {
    if (rdata.size() > 2 * limits::domain_record_octets) return std::nullopt;
    std::string text;
    while (!rdata.empty()) {
        std::size_t const length = rdata.front();
        if (length + 1 > rdata.size()) return std::nullopt;
        text += text_of(rdata.subspan(1, length));
        rdata = rdata.subspan(length + 1);
    }
    return text;
}

}  // namespace satchel::location
