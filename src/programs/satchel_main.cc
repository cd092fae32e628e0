// The program `satchel`: does itself what needs this home's files and its node alone, and is there
// at once for it. All else it leaves to the whole program, help and complaints included.
#include <algorithm>
#include <clocale>
#include <csignal>
#include <string_view>

#include "src/base/sodium_init.h"
#include "src/cli/output.h"
#include "src/cli/verbs.h"
#include "src/programs/whole_program.h"

int main(int argc, char** argv) {
    namespace cli = satchel::cli;
    satchel::ensure_sodium();
    std::setlocale(LC_CTYPE, "C.UTF-8");
    std::signal(SIGPIPE, SIG_IGN);  // a node that hangs up is an error code, not our end
    std::signal(SIGXFSZ, SIG_IGN);  // likewise a file size limit
    // A verb that is missing here is no worse than slower.
    cli::CommandLine line;
    cli::add_init(line);
    cli::add_id(line);
    cli::add_enroll(line);
    cli::add_publish(line);
    cli::add_unpublish(line);
    cli::add_lookup(line);
    cli::add_push(line);
    cli::add_open(line);
    cli::add_ls(line);
    cli::add_rm(line);
    cli::add_export(line);
    cli::add_receipts(line);
    cli::add_status(line);
    cli::add_doctor(line);
    cli::add_key(line);
    cli::add_contact(line);
    cli::add_group(line);
    cli::add_domain(line);
    cli::add_domain_revoke(line);
    if (auto const code = line.run_if_known(argc, argv)) return *code;
    satchel::Error const error = satchel::programs::become_whole_program(argv);
    bool const json = std::find(argv, argv + argc, std::string_view("--json")) != argv + argc;
    cli::print_error(error, json);
    return static_cast<int>(cli::exit_status_for(error.fault));
}
