#include <iostream>
#include <memory>

#include <unistd.h>

#include "src/cli/node_session.h"
#include "src/cli/output.h"
#include "src/cli/verbs.h"

namespace satchel::cli {

namespace {

struct Args {
    std::string address;
    std::string code;
};

void print_done(std::string const& address, bool own_node) {
    print_line("Enrolled: " + address + " stores here from now on, and its domain vouches for it." +
               (own_node ? " Run `satchel node` to keep it so." : ""));
}

void print_mailed(std::string const& address) {
    print_line("A code is on its way to " + address + ". Once the mail is there:");
    print_line("    satchel enroll " + address + " --code CODE");
    print_line(
        "From then on attachments of mail to this address come here, and the mail has a "
        "short text in their");
    print_line(
        "place. A device without Satchel shows that text alone; `satchel mail` sends a file "
        "back in full.");
}

/// One line from the person at the terminal; empty where there is none, or nobody.
std::string typed_code() {
    if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDERR_FILENO) == 0) return {};
    std::cerr << "Code from the mail (or Enter, to type it later): " << std::flush;
    std::string line;
    std::getline(std::cin, line);
    return line;
}

Result<ExitStatus> enroll(Globals const& globals, Args const& args) {
    auto session = NodeSession::open(globals);
    if (!session) return fail(session.error());
    auto const ask = [&](std::string const& code) {
        return session->call("enroll", {{"address", args.address}, {"code", code}});
    };
    auto result = ask(args.code);
    bool const mailed = result && result->at("binding").is_null();
    if (mailed && !globals.json) {
        print_mailed(result->value("address", ""));
        for (std::string code = typed_code(); !code.empty(); code = typed_code()) {
            auto answer = ask(code);
            if (answer || answer.error().fault != Fault::refused) {
                result = std::move(answer);
                break;
            }
            std::cerr << answer.error().what << '\n';
        }
    }
    if (!result) return fail(result.error());
    bool const bound = !result->at("binding").is_null();
    if (globals.json) {
        print_json(*result);
    } else if (bound) {
        print_done(result->value("address", ""), session->started_for_this());
    }
    return ExitStatus::ok;
}

}  // namespace

void add_enroll(CommandLine& line) {
    auto args = std::make_shared<Args>();
    line.verb("enroll", "have your domain's gateway vouch for your storage: a code comes by mail")
        .argument("ADDRESS", args->address, "an address of this home")
        .option("--code", args->code, "CODE", "from the mail")
        .example("satchel enroll bob@b.test && satchel node")
        .run([args](Globals const& globals) { return enroll(globals, *args); });
}

}  // namespace satchel::cli
