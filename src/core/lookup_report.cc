#include "src/core/lookup_report.h"

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

}  // namespace satchel
