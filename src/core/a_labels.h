// Domains beyond ASCII, as DNS has them: in A-labels (RFC 5890 §2.3.2.1). Apart from everything
// else, so that a program can have another way to them than libidn2, which is slow to load.
#pragma once

#include <string>

#include "src/base/result.h"

namespace satchel {

/// Fault::usage: there is no such domain. Not yet checked are the labels that were ASCII before.
Result<std::string> to_a_labels(std::string const& domain);

}  // namespace satchel
