#include "src/programs/whole/descriptor_limit.h"

#include <algorithm>

#include <sys/resource.h>

namespace satchel::programs {

void raise_descriptor_limit() {
    constexpr rlim_t wanted = 4096;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
    limit.rlim_cur = std::min(limit.rlim_max, wanted);
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace satchel::programs
