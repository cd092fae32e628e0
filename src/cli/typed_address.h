// An address that somebody typed.
#pragma once

#include <string>

#include "src/base/result.h"
#include "src/core/address.h"

namespace satchel::cli {

/// What is wrong with it is told together with it.
Result<Address> parse_typed_address(std::string const& text);

}  // namespace satchel::cli
