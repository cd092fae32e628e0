// Name of a blob: the BEP 52 root of its bytes (SHA-256 Merkle root over 16 KiB blocks). Safe to
// publish.
#pragma once

#include <array>
#include <compare>
#include <string>
#include <string_view>

#include "src/base/bytes.h"
#include "src/base/result.h"

namespace satchel {

struct ContentId {
    std::array<Byte, 32> bytes{};

    /// 64 lower-case hex digits; refuses other lengths, upper case and foreign characters.
    static Result<ContentId> parse(std::string_view hex);
    std::string to_hex() const;

    /// Ten digits, for logs.
    std::string short_form() const;

    friend auto operator<=>(ContentId const&, ContentId const&) = default;
};

}  // namespace satchel
