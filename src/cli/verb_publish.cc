#include <memory>

#include "src/base/atomic_file.h"
#include "src/cli/node_session.h"
#include "src/cli/output.h"
#include "src/cli/verbs.h"
#include "src/core/limits.h"

namespace satchel::cli {

namespace {

struct Args {
    std::string address;
    std::string binding;
    std::vector<std::string> nodes;
};

/// `@FILE` stands for the file's first line.
Result<std::string> binding_text(std::string const& argument) {
    if (!argument.starts_with('@')) return argument;
    auto const bytes = read_whole_file(argument.substr(1), limits::binding_line_octets);
    if (!bytes) return fail(bytes.error());
    std::string text(text_of(*bytes));
    return text.substr(0, text.find_first_of("\r\n"));
}

Result<ExitStatus> publish(Globals const& globals, Args const& args) {
    auto const binding = binding_text(args.binding);
    if (!binding) return fail(binding.error());
    auto session = NodeSession::open(globals);
    if (!session) return fail(session.error());
    auto const result = session->call(
        "publish", {{"address", args.address}, {"binding", *binding}, {"nodes", args.nodes}});
    if (!result) return fail(result.error());
    if (globals.json) {
        print_json(*result);
    } else {
        print_line("Published: " + result->value("address", "") + " stores here, trust " +
                   result->value("trust", "") + ", until " +
                   human_time(result->value("expires", std::uint64_t{0})) +
                   (session->started_for_this() ? ". Run `satchel node` to keep it alive." : "."));
        if (result->value("trust", "") == "pinned") {
            print_line(
                "Nobody but who pinned your user key will use it: your domain does not vouch for "
                "it yet. `satchel enroll " +
                result->value("address", "") + "` asks its gateway to.");
        }
    }
    return ExitStatus::ok;
}

Result<ExitStatus> unpublish(Globals const& globals, Args const& args) {
    auto session = NodeSession::open(globals);
    if (!session) return fail(session.error());
    auto const result = session->call("unpublish", {{"address", args.address}});
    if (!result) return fail(result.error());
    if (globals.json) {
        print_json(*result);
    } else {
        print_line("Withdrawn: mail to " + result->value("address", "") +
                   " comes in full from now on.");
    }
    return ExitStatus::ok;
}

}  // namespace

void add_publish(CommandLine& line) {
    auto args = std::make_shared<Args>();
    line.verb("publish",
              "publish your storage record: senders then bring attachments to this home's node")
        .option("--address", args->address, "ADDRESS", "which of this home's addresses [the first]")
        .option("--binding", args->binding, "TEXT|@FILE",
                "your domain's word, from `satchel domain bind`")
        .options("--node", args->nodes, "KEY[:PRIORITY]",
                 "a node that stores for you instead of this home's; the lowest priority is tried "
                 "first")
        .example("satchel publish --address bob@b.test --binding @bob.binding")
        .run([args](Globals const& globals) { return publish(globals, *args); });
}

void add_unpublish(CommandLine& line) {
    auto args = std::make_shared<Args>();
    line.verb("unpublish", "withdraw your storage record: mail comes in full again")
        .option("--address", args->address, "ADDRESS", "which of this home's addresses [the first]")
        .example("satchel unpublish --address bob@b.test")
        .run([args](Globals const& globals) { return unpublish(globals, *args); });
}

}  // namespace satchel::cli
