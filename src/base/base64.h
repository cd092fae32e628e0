// Base64 of RFC 4648 §4, whole strings, strict: what decodes is what encode would have written.
// Attachments, streamed and in lines: base64_decoder.h, base64_encoder.h.
#pragma once

#include <string>
#include <string_view>

#include "src/base/bytes.h"
#include "src/base/result.h"

namespace satchel {

enum class Padding { with, without };

std::string to_base64(ByteSpan bytes, Padding padding = Padding::with);

/// Refuses white space, foreign characters, wrong padding and non-zero trailing bits.
Result<Bytes> from_base64(std::string_view text, Padding padding = Padding::with);

}  // namespace satchel
