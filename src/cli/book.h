// The address book of the home that a verb works in.
#pragma once

#include "src/cli/globals.h"
#include "src/core/address_book.h"

namespace satchel::cli {

/// Makes home and book where there are none.
Result<AddressBook> open_book(Globals const& globals);

/// `recipients` with group names replaced by their members.
Result<std::vector<Address>> expand_recipients(Globals const& globals,
                                               std::vector<std::string> const& recipients);

}  // namespace satchel::cli
