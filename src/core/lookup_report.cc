#include "src/core/lookup_report.h"

#include <algorithm>

namespace satchel {

char const* to_string(Trust trust) {
    switch (trust) {
        case Trust::none:
            return "none";
        case Trust::first_seen:
            return "first-seen";
        case Trust::domain:
            return "domain";
        case Trust::pinned:
            return "pinned";
    }
    return "none";
}

Result<Trust> parse_trust(std::string_view word) {
    for (Trust const trust : {Trust::none, Trust::first_seen, Trust::domain, Trust::pinned})
        if (word == to_string(trust)) return trust;
    return fail(Fault::usage,
                '"' + std::string(word) + "\" is none of: none, first-seen, domain, pinned");
}

std::uint64_t copies_wanted(LookupReport const& report) {
    return std::clamp<std::uint64_t>(report.accept.min_copies, 1,
                                     std::max<std::size_t>(report.nodes.size(), 1));
}

}  // namespace satchel
