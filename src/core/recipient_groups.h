// Groups of recipients: a name for addresses and other groups. The address book keeps them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/result.h"
#include "src/core/address.h"

namespace satchel {

/// Members as written: addresses, or names of groups.
using Groups = std::map<std::string, std::vector<std::string>>;

bool is_address(std::string_view recipient);  ///< or meant as one: no group's name looks so

Status check_group_name(std::string const& name);

/// Expands group names among `recipients`, nested too; each address once, in order of first
/// mention. Fault::usage: a cycle, an unknown group, or more than 1,000 addresses.
Result<std::vector<Address>> expand_groups(std::vector<std::string> const& recipients,
                                           Groups const& groups);

}  // namespace satchel
