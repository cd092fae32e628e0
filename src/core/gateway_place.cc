#include "src/core/gateway_place.h"

#include <charconv>

namespace satchel {

bool is_host_port(std::string_view text) {
    auto const colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    auto const host = text.substr(0, colon);
    auto const port = text.substr(colon + 1);
    bool const bracketed = host.starts_with('[') && host.ends_with(']');
    for (char const c : host) {
        bool const fits = c > ' ' && c < 0x7f && c != '/' && c != '@' && (c != ':' || bracketed);
        if (!fits) return false;
    }
    unsigned number = 0;
    auto const [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    return error == std::errc() && end == port.data() + port.size() && number >= 1 &&
           number <= 65'535;
}

}  // namespace satchel
