// The verbs that need nothing but this home's files and its node. Those that run servers or read
// mail are in src/programs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "src/cli/verb.h"
#include "src/core/address.h"

namespace satchel::cli {

/// Addresses for what was typed, where groups of the address book may be among it.
using ExpandRecipients =
    std::function<Result<std::vector<Address>>(Globals const&, std::vector<std::string> const&)>;

void add_init(CommandLine& line);
void add_id(CommandLine& line);
void add_publish(CommandLine& line);
void add_unpublish(CommandLine& line);
void add_lookup(CommandLine& line);
void add_domain(CommandLine& line);
void add_domain_revoke(CommandLine& line);  ///< after add_domain
void add_enroll(CommandLine& line);
void add_key(CommandLine& line);
void add_contact(CommandLine& line);
void add_group(CommandLine& line);
void add_push(CommandLine& line, ExpandRecipients expand);
void add_ls(CommandLine& line);
void add_open(CommandLine& line);
void add_rm(CommandLine& line);
void add_doctor(CommandLine& line);
void add_export(CommandLine& line);
void add_receipts(CommandLine& line);
void add_status(CommandLine& line);

}  // namespace satchel::cli
