#include "src/base/bytes.h"

namespace satchel {

bool equal_in_constant_time(ByteSpan a, ByteSpan b) {
    if (a.size() != b.size()) return false;
    unsigned difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        difference |= static_cast<unsigned>(a[i] ^ b[i]);
    return difference == 0;
}

}  // namespace satchel
