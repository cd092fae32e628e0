#include "src/core/accept_policy.h"

#include <string>

namespace satchel {

Result<AcceptFrom> parse_accept_from(std::string_view word) {
    for (AcceptFrom const from : {AcceptFrom::anyone, AcceptFrom::attested, AcceptFrom::contacts})
        if (word == to_string(from)) return from;
    return fail(Fault::usage,
                '"' + std::string(word) + "\" is none of: anyone, attested, contacts");
}

char const* to_string(AcceptFrom from) {
    switch (from) {
        case AcceptFrom::anyone:
            return "anyone";
        case AcceptFrom::attested:
            return "attested";
        case AcceptFrom::contacts:
            return "contacts";
    }
    return "attested";
}

}  // namespace satchel
