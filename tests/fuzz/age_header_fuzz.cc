// Any bytes as the header of an age file: what parses is what format would write.
#include <cstdint>
#include <string>

#include "src/core/age_key.h"
#include "tests/fuzz/require.h"
#include "transfer/age_header.h"

using namespace satchel;
using testing::require;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ByteSpan const bytes(data, size);
    auto const header = transfer::parse_age_header(bytes);
    if (header && *header) {
        transfer::AgeHeader const& found = **header;
        require(found.size <= size);
        std::string const text =
            transfer::format_age_header(found.stanzas) + transfer::format_age_mac(found.mac);
        require(text == text_of(bytes.first(found.size)));
    }
    std::string_view const text = text_of(bytes);
    if (auto const recipient = AgeRecipient::parse(text)) require(recipient->to_string() == text);
    if (auto const identity = AgeIdentity::parse(text))
        require(AgeIdentity::parse(identity->to_secret_string())->recipient() ==
                identity->recipient());
    return 0;
}
