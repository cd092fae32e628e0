// The textual header of an age file (c2sp.org/age, "Header"): stanzas that wrap the file key, and a
// MAC. Reading is as strict as the specification's grammar, so that what parses is what format
// would write.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/result.h"

namespace satchel::transfer {

struct AgeStanza {
    std::string type;
    std::vector<std::string> arguments;  ///< those after the type
    Bytes body;
};

struct AgeHeader {
    std::vector<AgeStanza> stanzas;
    std::array<Byte, 32> mac{};
    std::size_t mac_covers = 0;  ///< first octets of the text, up to and including `---`
    std::size_t size = 0;        ///< of the text, in octets: the payload starts there
};

/// The header that `start` begins with; nothing if its end is not in sight yet. Fault::corrupt for
/// what cannot become a header, Fault::too_large beyond limits::age_header_bytes.
Result<std::optional<AgeHeader>> parse_age_header(ByteSpan start);

/// All of the header before its MAC: version line, stanzas, and the `---` mark.
std::string format_age_header(std::vector<AgeStanza> const& stanzas);

/// The end of the last line: a blank, the MAC, a line feed.
std::string format_age_mac(std::array<Byte, 32> const& mac);

}  // namespace satchel::transfer
