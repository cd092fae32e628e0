#include "src/core/public_key.h"

#include <algorithm>

#include "src/base/base64.h"

namespace satchel {

Result<PublicKey> PublicKey::parse(std::string_view base64) {
    auto const bytes = from_base64(base64);
    PublicKey key;
    if (!bytes || bytes->size() != key.bytes.size())
        return fail(Fault::usage, "a key is 44 characters of base64");
    std::ranges::copy(*bytes, key.bytes.begin());
    return key;
}

std::string PublicKey::to_base64() const {
    return satchel::to_base64(bytes);
}

std::string PublicKey::short_form() const {
    return to_base64().substr(0, 8);
}

}  // namespace satchel
