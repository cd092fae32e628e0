// Any bytes as a message: scanning must not fail, and what it offers must come back byte for byte.
#include <cstdint>
#include <cstdlib>

#include "tests/support/part_restorer.h"

using namespace satchel;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string const message(text_of({data, size}));
    // Throws where scan, detacher, reader and restorer disagree.
    auto const trip = testing::round_trip(message, {1, {}});
    if (trip.restored != message) std::abort();
    return 0;
}
