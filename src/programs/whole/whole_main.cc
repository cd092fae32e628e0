// The whole program: all verbs, in the order of `--help`. src/programs/satchel_main.cc starts it.
#include <clocale>
#include <csignal>

#include "src/base/sodium_init.h"
#include "src/cli/book.h"
#include "src/cli/verbs.h"
#include "src/programs/whole/programs.h"

int main(int argc, char** argv) {
    namespace cli = satchel::cli;
    namespace programs = satchel::programs;
    satchel::ensure_sodium();
    std::setlocale(LC_CTYPE, "C.UTF-8");
    std::signal(SIGPIPE, SIG_IGN);  // a peer that hangs up is an error code, not our end
    std::signal(SIGXFSZ, SIG_IGN);  // likewise a file size limit
    if (programs::is_swarm(argc, argv)) return programs::run_swarm(argc, argv);
    cli::CommandLine line;
    cli::add_init(line);
    cli::add_id(line);
    programs::add_node(line);
    cli::add_enroll(line);
    cli::add_publish(line);
    cli::add_unpublish(line);
    cli::add_lookup(line);
    programs::add_gateway(line);
    programs::add_send(line);
    programs::add_queue(line);
    programs::add_get(line);
    programs::add_restore(line);
    programs::add_mail(line);
    cli::add_push(line, cli::expand_recipients);
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
    programs::add_encrypt(line);
    programs::add_decrypt(line);
    return line.run(argc, argv);
}
