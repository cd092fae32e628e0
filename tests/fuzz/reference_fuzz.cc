// Any text as a reference, and references in any text.
#include <cstdint>
#include <string_view>

#include "src/base/bytes.h"
#include "src/core/reference.h"
#include "tests/fuzz/require.h"

using namespace satchel;
using testing::require;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text = text_of({data, size});
    if (auto const reference = Reference::parse(text)) require(reference->to_string() == text);
    if (auto const found = Reference::find_in(text))
        require(text.find(found->to_string()) != std::string_view::npos);
    return 0;
}
