#include <memory>

#include <nlohmann/json.hpp>

#include "src/cli/book.h"
#include "src/cli/output.h"
#include "src/cli/typed_address.h"
#include "src/cli/verbs.h"
#include "src/core/address_book.h"
#include "src/core/home.h"
#include "src/core/trust_memory.h"

namespace satchel::cli {

namespace {

struct Args {
    std::string address;
    std::string user_key;
};

void print_contact(Globals const& globals, Contact const& contact) {
    if (globals.json) {
        print_json(
            {{"address", contact.address.text()}, {"user_key", contact.user_key.to_base64()}});
    } else {
        print_line(contact.address.text() + "  " + contact.user_key.to_base64());
    }
}

Result<ExitStatus> add(Globals const& globals, Args const& args) {
    auto address = parse_typed_address(args.address);
    if (!address) return fail(address.error());
    auto const key = UserKey::parse(args.user_key);
    if (!key) return fail(Fault::usage, "USER_KEY: " + key.error().what);
    auto book = open_book(globals);
    if (!book) return fail(book.error());
    Contact const contact{*address, *key};
    if (auto added = book->add_contact(contact); !added) return fail(added.error());
    print_contact(globals, contact);
    return ExitStatus::ok;
}

Result<ExitStatus> list(Globals const& globals) {
    auto book = open_book(globals);
    if (!book) return fail(book.error());
    auto const contacts = book->contacts();
    if (!contacts) return fail(contacts.error());
    for (Contact const& contact : *contacts)
        print_contact(globals, contact);
    return ExitStatus::ok;
}

Result<ExitStatus> remove(Globals const& globals, Args const& args) {
    auto const address = parse_typed_address(args.address);
    if (!address) return fail(address.error());
    auto book = open_book(globals);
    if (!book) return fail(book.error());
    auto const removed = book->remove_contact(*address);
    if (!removed) return fail(removed.error());
    if (!*removed)
        return fail(Fault::not_found,
                    address->text() + " is not a contact; see: satchel contact ls");
    if (globals.json) print_json({{"address", address->text()}});
    return ExitStatus::ok;
}

Result<ExitStatus> forget(Globals const& globals, Args const& args) {
    auto const address = parse_typed_address(args.address);
    if (!address) return fail(address.error());
    auto memory = TrustMemory::open(Home(globals.home).trust_file());
    if (!memory) return fail(memory.error());
    auto const forgotten = memory->forget_first_seen(*address);
    if (!forgotten) return fail(forgotten.error());
    if (!*forgotten)
        return fail(Fault::not_found, "no key of " + address->text() + " is remembered here");
    if (globals.json) print_json({{"address", address->text()}});
    return ExitStatus::ok;
}

}  // namespace

void add_contact(CommandLine& line) {
    line.group("contact", "people whose user key you know for sure (trust level `pinned`)");
    auto args = std::make_shared<Args>();
    line.verb_of("contact", "add", "pin the user key of an address")
        .argument("ADDRESS", args->address, "the contact's e-mail address")
        .argument("USER_KEY", args->user_key, "from their `satchel id`, over a channel you trust")
        .example("satchel contact add bob@b.test USER_KEY")
        .run([args](Globals const& globals) { return add(globals, *args); });
    line.verb_of("contact", "ls", "list contacts").example("satchel contact ls").run(list);
    line.verb_of("contact", "rm", "forget a contact")
        .argument("ADDRESS", args->address, "the contact's e-mail address")
        .example("satchel contact rm bob@b.test")
        .run([args](Globals const& globals) { return remove(globals, *args); });
    line.verb_of("contact", "forget",
                 "forget the first key seen of an address (trust level `first-seen`)")
        .argument("ADDRESS", args->address, "an e-mail address, after asking its owner")
        .example("satchel contact forget bob@b.test")
        .run([args](Globals const& globals) { return forget(globals, *args); });
}

}  // namespace satchel::cli
