// The program `satchel`: does itself what needs this home's node alone, and is there at once for
// it. All else it leaves to the whole program, help and complaints included.
#include <algorithm>
#include <array>
#include <csignal>
#include <string_view>

#include "src/cli/output.h"
#include "src/cli/verbs.h"
#include "src/core/recipient_groups.h"
#include "src/programs/whole_program.h"

namespace {

namespace cli = satchel::cli;

struct LightVerb {
    std::string_view name;
    void (*add)(cli::CommandLine&);
};

/// The address book is SQLite's, which would double the time that this program takes to start.
satchel::Result<std::vector<satchel::Address>> expand_addresses(
    cli::Globals const& /*globals*/, std::vector<std::string> const& recipients) {
    for (std::string const& recipient : recipients)
        if (!satchel::is_address(recipient)) return fail(satchel::programs::become_whole_program());
    return satchel::expand_groups(recipients, {});
}

void add_push(cli::CommandLine& line) {
    cli::add_push(line, expand_addresses);
}

// One that is missing is no worse than slower: such as `contact`, which needs SQLite, or `id`,
// which needs libsodium.
constexpr std::array light_verbs{
    LightVerb{"enroll", cli::add_enroll},
    LightVerb{"publish", cli::add_publish},
    LightVerb{"unpublish", cli::add_unpublish},
    LightVerb{"lookup", cli::add_lookup},
    LightVerb{"push", add_push},
    LightVerb{"open", cli::add_open},
    LightVerb{"ls", cli::add_ls},
    LightVerb{"rm", cli::add_rm},
    LightVerb{"status", cli::add_status},
    LightVerb{"doctor", cli::add_doctor},
};

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);  // a node that hangs up is an error code, not our end
    std::signal(SIGXFSZ, SIG_IGN);  // likewise a file size limit
    auto const typed = [&](std::string_view word) {
        return std::find(argv, argv + argc, word) != argv + argc;
    };
    satchel::programs::note_command(argv);
    cli::CommandLine line;
    for (LightVerb const& verb : light_verbs)
        if (typed(verb.name)) verb.add(line);
    if (auto const code = line.run_if_known(argc, argv)) return *code;
    satchel::Error const error = satchel::programs::become_whole_program();
    cli::print_error(error, typed("--json"));
    return static_cast<int>(cli::exit_status_for(error.fault));
}
