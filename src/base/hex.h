// Lower-case hexadecimal, strict: upper case and odd lengths are refused.
#pragma once

#include <string>
#include <string_view>

#include "src/base/bytes.h"
#include "src/base/result.h"

namespace satchel {

std::string to_hex(ByteSpan bytes);
Result<Bytes> from_hex(std::string_view hex);

}  // namespace satchel
