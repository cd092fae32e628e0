// Any bytes as a message that somebody was sent: the reader stays within its bounds.
#include <cstdint>
#include <cstdlib>

#include "mailgw/placeholder_reader.h"
#include "tests/support/memory_file.h"

using namespace satchel;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    UniqueFd const file = testing::memory_file(text_of({data, size}));
    auto const found = mailgw::read_placeholders(file.get());
    if (!found || found->size() > mailgw::placeholders_max) std::abort();
    static_cast<void>(mailgw::parse_placeholder_field(text_of({data, size})));
    return 0;
}
