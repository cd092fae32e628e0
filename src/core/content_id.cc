#include "src/core/content_id.h"

#include <algorithm>

#include "src/base/hex.h"

namespace satchel {

Result<ContentId> ContentId::parse(std::string_view hex) {
    auto const bytes = from_hex(hex);
    ContentId id;
    if (!bytes || bytes->size() != id.bytes.size())
        return fail(Fault::usage, "a content id is 64 lower-case hex digits");
    std::ranges::copy(*bytes, id.bytes.begin());
    return id;
}

std::string ContentId::to_hex() const {
    return satchel::to_hex(bytes);
}

std::string ContentId::short_form() const {
    return satchel::to_hex(ByteSpan(bytes).first(5));
}

}  // namespace satchel
