// E-mail addresses inside msgpack: text in normal form, and no other spelling of it.
#pragma once

#include <optional>

#include "src/core/address.h"
#include "src/core/msgpack_codec.h"

namespace satchel {

/// The address in field `key`. None, and `fields` fails, where it is not in normal form.
std::optional<Address> read_address(MsgpackFields& fields, std::uint64_t key);

/// `text` is an address in normal form.
bool is_normal_address(std::string_view text);

}  // namespace satchel
