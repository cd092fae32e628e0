// What a storage node takes, told in the storage record so that a sender knows before it moves a
// byte.
#pragma once

#include <cstdint>
#include <string_view>

#include "src/base/result.h"

namespace satchel {

enum class AcceptFrom {
    anyone = 0,
    attested = 1,  ///< offers signed by a bound user key, or by a gateway key that the sender's
                   ///< domain vouches for
    contacts = 2,  ///< senders in the address book
};

Result<AcceptFrom> parse_accept_from(std::string_view word);
char const* to_string(AcceptFrom from);

struct AcceptPolicy {
    std::uint64_t max_bytes = 0;  ///< largest blob, in bytes
    AcceptFrom from = AcceptFrom::attested;
    std::uint64_t min_bytes = 0;
    std::uint64_t min_copies = 1;

    friend bool operator==(AcceptPolicy const&, AcceptPolicy const&) = default;
};

}  // namespace satchel
