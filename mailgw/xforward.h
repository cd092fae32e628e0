// Postfix's XFORWARD: what the server in front of us knows of its own client, for the Received line
// and for the next hop (postfix.org/XFORWARD_README).
#pragma once

#include <string>
#include <string_view>

namespace satchel::mailgw {

/// The attributes we announce and take.
inline constexpr char const* xforward_attributes = "NAME ADDR PROTO HELO SOURCE PORT IDENT";

/// Adds "NAME=… ADDR=…" to `known`; a later value replaces an earlier one. False, with nothing
/// changed, where an attribute is unknown or its value no xtext.
bool merge_xforward(std::string_view more, std::string& known);

/// The decoded value of one attribute; "" where it is missing or "[UNAVAILABLE]".
std::string xforward_value(std::string_view attributes, std::string_view name);

}  // namespace satchel::mailgw
