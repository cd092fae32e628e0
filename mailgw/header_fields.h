// The fields of a message's header section as they stand, for messages of our own that speak of it.
// Bounded: what stands behind the first 256 KiB is not read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "src/base/result.h"

namespace satchel::mailgw {

struct HeaderField {
    std::string name;   ///< as it stands
    std::string value;  ///< unfolded, without white space at both ends; bytes as they stand
};

inline constexpr std::size_t header_octets_max = 256 * 1024;

/// Lines that are no fields are passed over. Fails only when the file can't be read.
Result<std::vector<HeaderField>> read_header_fields(int fd);

/// Value of the first field of that name, whatever its case; "" if there is none.
std::string first_value(std::vector<HeaderField> const& fields, std::string_view name);

}  // namespace satchel::mailgw
