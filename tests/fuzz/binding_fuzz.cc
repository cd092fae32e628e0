// Any bytes as a binding, and as the line of text that `domain bind` hands out.
#include <cstdint>

#include "src/core/binding.h"
#include "tests/fuzz/require.h"

using namespace satchel;
using testing::require;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ByteSpan const bytes(data, size);
    if (auto const binding = decode_binding(bytes)) {
        require(encode_binding(*binding) == copy_of(bytes));
        static_cast<void>(binding->signature_holds());
    }
    if (auto const grant = BindingGrant::parse(text_of(bytes)))
        require(*BindingGrant::parse(grant->to_line()) == *grant);
    return 0;
}
