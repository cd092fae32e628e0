#include "src/cli/book.h"

#include "src/core/home.h"

namespace satchel::cli {

Result<AddressBook> open_book(Globals const& globals) {
    Home const home(globals.home);
    if (auto made = home.ensure(); !made) return fail(made.error());
    return AddressBook::open(home.contacts_file());
}

Result<std::vector<Address>> expand_recipients(Globals const& globals,
                                               std::vector<std::string> const& recipients) {
    // Addresses alone: no group is called like one, and the book stays shut.
    if (auto addresses = expand_groups(recipients, {})) return addresses;
    auto book = open_book(globals);
    if (!book) return fail(book.error());
    auto const groups = book->groups();
    if (!groups) return fail(groups.error());
    return expand_groups(recipients, *groups);
}

}  // namespace satchel::cli
