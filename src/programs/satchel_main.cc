// The program `satchel`: does itself what needs this home's files and its node alone, and is there
// at once for it. All else it leaves to the whole program, help and complaints included.
#include <algorithm>
#include <array>
#include <csignal>
#include <string_view>

#include "src/cli/output.h"
#include "src/cli/verbs.h"
#include "src/programs/whole_program.h"

namespace {

namespace cli = satchel::cli;

struct LightVerb {
    std::string_view name;
    void (*add)(cli::CommandLine&);
};

// One that is missing is no worse than slower: such as `export` and `key`, which need OpenSSL.
constexpr std::array light_verbs{
    LightVerb{"init", cli::add_init},
    LightVerb{"id", cli::add_id},
    LightVerb{"enroll", cli::add_enroll},
    LightVerb{"publish", cli::add_publish},
    LightVerb{"unpublish", cli::add_unpublish},
    LightVerb{"lookup", cli::add_lookup},
    LightVerb{"push", cli::add_push},
    LightVerb{"open", cli::add_open},
    LightVerb{"ls", cli::add_ls},
    LightVerb{"rm", cli::add_rm},
    LightVerb{"receipts", cli::add_receipts},
    LightVerb{"status", cli::add_status},
    LightVerb{"doctor", cli::add_doctor},
    LightVerb{"contact", cli::add_contact},
    LightVerb{"group", cli::add_group},
    LightVerb{"domain", cli::add_domain},
    LightVerb{"domain", cli::add_domain_revoke},
};

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);  // a node that hangs up is an error code, not our end
    std::signal(SIGXFSZ, SIG_IGN);  // likewise a file size limit
    auto const typed = [&](std::string_view word) {
        return std::find(argv, argv + argc, word) != argv + argc;
    };
    cli::CommandLine line;
    for (LightVerb const& verb : light_verbs)
        if (typed(verb.name)) verb.add(line);
    if (auto const code = line.run_if_known(argc, argv)) return *code;
    satchel::Error const error = satchel::programs::become_whole_program(argv);
    cli::print_error(error, typed("--json"));
    return static_cast<int>(cli::exit_status_for(error.fault));
}
