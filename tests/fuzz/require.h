// What a fuzz target claims of any input: where it does not hold, the program ends and the fuzzer
// keeps the input.
#pragma once

#include <cstdlib>

namespace satchel::testing {

inline void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace satchel::testing
