#include <memory>

#include <nlohmann/json.hpp>

#include "src/cli/book.h"
#include "src/cli/output.h"
#include "src/cli/verbs.h"
#include "src/core/address_book.h"

namespace satchel::cli {

namespace {

struct Args {
    std::string name;
    std::vector<std::string> members;
};

void print_group(Globals const& globals, std::string const& name,
                 std::vector<std::string> const& members) {
    if (globals.json) return print_json({{"name", name}, {"members", members}});
    std::string text = name + ':';
    for (std::string const& member : members)
        text += ' ' + member;
    print_line(text);
}

Result<ExitStatus> add(Globals const& globals, Args const& args) {
    auto book = open_book(globals);
    if (!book) return fail(book.error());
    auto before = book->groups();
    if (!before) return fail(before.error());
    // Tried first, so that a cycle never gets into the book.
    Groups after = *before;
    auto& members = after[args.name];
    members.insert(members.end(), args.members.begin(), args.members.end());
    if (auto const expanded = expand_groups({args.name}, after); !expanded)
        return fail(expanded.error());
    if (auto added = book->add_to_group(args.name, args.members); !added)
        return fail(added.error());
    auto const groups = book->groups();
    if (!groups) return fail(groups.error());
    print_group(globals, args.name, groups->at(args.name));
    return ExitStatus::ok;
}

Result<ExitStatus> list(Globals const& globals) {
    auto book = open_book(globals);
    if (!book) return fail(book.error());
    auto const groups = book->groups();
    if (!groups) return fail(groups.error());
    for (auto const& [name, members] : *groups)
        print_group(globals, name, members);
    return ExitStatus::ok;
}

Result<ExitStatus> remove(Globals const& globals, Args const& args) {
    auto book = open_book(globals);
    if (!book) return fail(book.error());
    auto const removed = book->remove_group(args.name);
    if (!removed) return fail(removed.error());
    if (!*removed)
        return fail(Fault::not_found, args.name + " is not a group; see: satchel group ls");
    if (globals.json) print_json({{"name", args.name}});
    return ExitStatus::ok;
}

}  // namespace

void add_group(CommandLine& line) {
    line.group("group", "names for several addresses; `send` and `push` take them as recipients");
    auto args = std::make_shared<Args>();
    line.verb_of("group", "add", "put addresses, or other groups, into a group")
        .argument("NAME", args->name, "the group's name")
        .arguments("ADDRESS", args->members, "its members")
        .example("satchel group add team bob@b.test carol@c.test")
        .run([args](Globals const& globals) { return add(globals, *args); });
    line.verb_of("group", "ls", "list groups").example("satchel group ls").run(list);
    line.verb_of("group", "rm", "forget a group")
        .argument("NAME", args->name, "the group's name")
        .example("satchel group rm team")
        .run([args](Globals const& globals) { return remove(globals, *args); });
}

}  // namespace satchel::cli
