#include "src/core/a_labels.h"

#include <memory>

#include <idn2.h>

namespace satchel {

Result<std::string> to_a_labels(std::string const& domain) {
    char* raw = nullptr;
    // Non-transitional: IDNA 2008 with the mapping of RFC 5895 (case, full width), and ß stays
    // itself. The round trip refuses A-labels that decode to nothing valid.
    int const code = idn2_to_ascii_8z(domain.c_str(), &raw, IDN2_NONTRANSITIONAL);
    std::unique_ptr<char, void (*)(void*)> const owner(raw, idn2_free);
    if (code != IDN2_OK)
        return fail(Fault::usage, std::string("not a valid domain: ") + idn2_strerror(code));
    return std::string(owner.get());
}

}  // namespace satchel
