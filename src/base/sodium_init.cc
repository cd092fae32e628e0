#include "src/base/sodium_init.h"

#include <cstdlib>

#include <sodium.h>

namespace satchel {

void ensure_sodium() {
    static bool const ready = [] {
        if (sodium_init() < 0) std::abort();
        return true;
    }();
    static_cast<void>(ready);
}

}  // namespace satchel
