#include <memory>

#include <unistd.h>

#include "src/cli/book.h"
#include "src/cli/node_session.h"
#include "src/cli/output.h"
#include "src/core/home.h"
#include "src/core/identity.h"
#include "src/programs/whole/mail_world.h"
#include "src/programs/whole/programs.h"
#include "src/programs/whole/queue_json.h"
#include "src/programs/whole/sendmail_input.h"

namespace satchel::programs {

namespace {

using node::Json;

struct Args {
    SendmailFlags flags;
    std::string from;
    bool dry_run = false;
    std::vector<std::string> recipients;
};

struct Letter {
    UniqueFd message;
    std::string sender;
    std::vector<std::string> recipients;

    mailgw::Envelope envelope() const {
        mailgw::Envelope envelope;
        envelope.sender = sender;
        for (std::string const& address : recipients) {
            envelope.recipients.push_back({.address = address, .notify = {}, .orcpt = {}});
        }
        return envelope;
    }
};

Result<Letter> read_letter(cli::Globals const& globals, Args const& args) {
    auto input = read_sendmail_input(STDIN_FILENO, args.flags);
    if (!input) return fail(input.error());
    auto named = args.recipients;
    named.insert(named.end(), input->header_recipients.begin(), input->header_recipients.end());
    if (named.empty())
        return fail(Fault::usage,
                    "no recipients: name them, or give -t to take those of the header");
    auto const expanded = cli::expand_recipients(globals, named);
    if (!expanded) return fail(expanded.error());
    Letter letter{.message = std::move(input->message), .sender = args.from, .recipients = {}};
    for (Address const& address : *expanded)
        letter.recipients.push_back(address.text());
    if (letter.sender.empty()) {
        auto const identity = load_identity(globals.home);
        if (identity && !identity->addresses.empty())
            letter.sender = identity->addresses.front().text();
    }
    if (letter.sender.empty()) letter.sender = input->header_sender;
    if (letter.sender.empty()) return fail(Fault::usage, "no sender: give -f ADDRESS");
    if (letter.sender == "<>") letter.sender.clear();
    return letter;
}

/// The spool is the running gateway's where there is one; else it is opened here, and the node is
/// this home's.
Result<Json> hand_over(cli::Globals const& globals, Args const& args, Letter letter) {
    auto gateway_process = node::LocalApiClient::connect(Home(globals.home).gateway_socket());
    if (gateway_process && !args.dry_run) {
        return gateway_process->call(
            {.verb = "submit",
             .args = {{"sender", letter.sender}, {"recipients", letter.recipients}},
             .settings = {}},
            {letter.message.get()});
    }
    auto session = cli::NodeSession::open(globals);
    if (!session) return fail(session.error());
    auto const for_requests =
        session->started_for_this() ? std::vector<std::string>{} : globals.settings;
    MailWorld world(globals.verbose ? EventLog::Level::info : EventLog::Level::error);
    auto gateway = world.open(globals, for_requests);
    if (!gateway) return fail(gateway.error());
    if (args.dry_run) {
        auto const plan = (*gateway)->preview(letter.message.get(), letter.envelope());
        if (!plan) return fail(plan.error());
        return plan_json(*plan, letter.recipients);
    }
    auto const message = (*gateway)->submit(letter.message.get(), letter.envelope());
    if (!message) return fail(message.error());
    return outcome_json(*message);
}

bool is_in_state(Json const& outcome, std::string const& state) {
    for (Json const& recipient : outcome.at("recipients")) {
        if (recipient.value("state", "") == state) return true;
    }
    return false;
}

void show(cli::Globals const& globals, Json outcome, bool dry_run) {
    if (globals.json) {
        outcome.erase("id");
        for (Json& recipient : outcome["recipients"])
            recipient.erase("state");
        return cli::print_json(outcome);
    }
    for (Json const& recipient : outcome["recipients"]) {
        std::string line = recipient.value("address", "") + ": " + recipient.value("plan", "");
        if (auto const parts = recipient["parts"].size(); parts > 0) {
            line += dry_run ? ", " : ", stored: ";
            line += std::to_string(parts) + (parts == 1 ? " attachment" : " attachments");
        }
        if (auto const reason = recipient.value("reason", ""); !reason.empty())
            line += " (" + reason + ")";
        if (recipient.value("state", "") == "queued") line += "; waits in the queue";
        if (recipient.value("state", "") == "failed") line += "; NOT sent";
        cli::print_line(line);
    }
}

Result<cli::ExitStatus> send(cli::Globals const& globals, Args const& args) {
    auto letter = read_letter(globals, args);
    if (!letter) return fail(letter.error());
    auto const outcome = hand_over(globals, args, std::move(*letter));
    if (!outcome) return fail(outcome.error());
    show(globals, *outcome, args.dry_run);
    if (is_in_state(*outcome, "failed")) return cli::ExitStatus::unavailable;
    if (is_in_state(*outcome, "queued")) {
        cli::print_line(
            "satchel: the next hop did not take everything yet; it is kept, and a running `satchel "
            "gateway` "
            "sends it on",
            stderr);
        return cli::ExitStatus::try_later;
    }
    return cli::ExitStatus::ok;
}

}  // namespace

void add_send(cli::CommandLine& line) {
    auto args = std::make_shared<Args>();
    line.verb("send", "send a message from standard input, with sendmail's flags")
        .flag("-t", args->flags.recipients_from_header,
              "take the recipients of To, Cc and Bcc, and drop Bcc")
        .flag("-i", args->flags.dots_are_text, "a line with a single dot does not end the message")
        .option("-f", args->from, "FROM",
                "envelope sender [this home's address, else the header's From]")
        .flag("--dry-run", args->dry_run, "only tell the plan for each recipient")
        .arguments("RCPT", args->recipients, "recipients: addresses or groups",
                   cli::Verb::Need::optional)
        .example("satchel send -t -i < message.eml")
        .run([args](cli::Globals const& globals) { return send(globals, *args); });
}

}  // namespace satchel::programs
