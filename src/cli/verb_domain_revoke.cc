#include <memory>

#include "src/cli/node_session.h"
#include "src/cli/output.h"
#include "src/cli/verbs.h"

namespace satchel::cli {

namespace {

struct Args {
    std::string address;
};

Result<ExitStatus> revoke(Globals const& globals, Args const& args) {
    auto session = NodeSession::open(globals);
    if (!session) return fail(session.error());
    auto const result = session->call("revoke", {{"address", args.address}});
    if (!result) return fail(result.error());
    if (globals.json) {
        print_json(*result);
        return ExitStatus::ok;
    }
    print_line("Revoked: " + result->value("address", "") +
               " has no storage until it is bound again; its mail comes in full.");
    bool const placed = result->value("placed", false);
    if (!placed) print_line("Not all nodes that should keep it have confirmed it yet.");
    if (!placed || session->started_for_this())
        print_line(
            "Keep `satchel node` or `satchel gateway` running here: it says so again until " +
            human_time(result->value("until", std::uint64_t{0})) + '.');
    return ExitStatus::ok;
}

}  // namespace

void add_domain_revoke(CommandLine& line) {
    auto args = std::make_shared<Args>();
    line.verb_of("domain", "revoke",
                 "take back what was signed for an address: a lost key, a user "
                 "who left")
        .argument("ADDRESS", args->address, "an address in your domain")
        .example("satchel domain revoke bob@b.test")
        .run([args](Globals const& globals) { return revoke(globals, *args); });
}

}  // namespace satchel::cli
