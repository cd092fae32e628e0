// The e-mail addresses in the value of an address field such as To (RFC 5322 §3.4), groups
// flattened.
#pragma once

#include <string>
#include <string_view>
#include <vector>

struct _InternetAddressList;  // NOLINT(bugprone-reserved-identifier): GMime's own name

namespace satchel::mailgw {

/// As written, without display names; at most 10,000. What can't be read is left out.
std::vector<std::string> addresses_in(std::string_view field_value);

/// The same of a list that GMime has parsed; null is empty.
std::vector<std::string> addresses_in(_InternetAddressList* list);

}  // namespace satchel::mailgw
