// Which attachments the page shows, judged by their first bytes alone: what the sender calls a file
// decides nothing. Pure.
#pragma once

#include <string>

#include "src/base/bytes.h"

namespace satchel::web {

/// "image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain" (the page
/// puts it in as text), or "" for what is only saved. SVG and HTML are text.
std::string preview_format(ByteSpan beginning);

}  // namespace satchel::web
