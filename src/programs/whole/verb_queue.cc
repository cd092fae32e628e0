#include <memory>

#include "src/cli/output.h"
#include "src/core/home.h"
#include "src/node/local_api_client.h"
#include "src/programs/whole/mail_world.h"
#include "src/programs/whole/programs.h"
#include "src/programs/whole/queue_json.h"

namespace satchel::programs {

namespace {

using node::Json;

struct Args {
    std::string retry;
    std::string repair;
};

/// Asks the running gateway, or looks into the spool itself where none runs.
Result<Json> ask(cli::Globals const& globals, Args const& args) {
    bool const retry = !args.retry.empty();
    bool const repair = !args.repair.empty();
    if (retry && repair) return fail(Fault::usage, "--retry or --repair, not both");
    auto running = node::LocalApiClient::connect(Home(globals.home).gateway_socket());
    if (running) {
        Json words = Json::object();
        if (retry || repair) words["id"] = retry ? args.retry : args.repair;
        return running->call({.verb = retry    ? "retry"
                                      : repair ? "repair"
                                               : "queue",
                              .args = std::move(words),
                              .settings = {}});
    }
    if (running.error().fault != Fault::unavailable) return fail(running.error());
    MailWorld world(EventLog::Level::warning);
    auto gateway = world.open(globals, {});
    if (!gateway) return fail(gateway.error());
    if (retry || repair) {
        auto const& id = retry ? args.retry : args.repair;
        auto const count = retry ? (*gateway)->retry(id) : (*gateway)->repair(id);
        if (!count) return fail(count.error());
        return Json{{"id", id}, {"recipients", *count}};
    }
    auto const messages = (*gateway)->queue();
    if (!messages) return fail(messages.error());
    return queue_json(*messages);
}

void print_prose(Json const& answer) {
    if (!answer.contains("messages")) {
        cli::print_line(answer.value("id", "") + ": " +
                        std::to_string(answer.value("recipients", 0)) +
                        " recipients are taken up now");
        return;
    }
    for (Json const& message : answer["messages"]) {
        cli::print_line(message.value("id", "") + "  from " + message.value("from", "") +
                        ", received " +
                        cli::human_time(message.value("received", std::uint64_t{0})));
        for (Json const& recipient : message["recipients"]) {
            std::string line = "    " + recipient.value("address", "") + "  " +
                               recipient.value("state", "") + ", plan " +
                               recipient.value("plan", "") + ", " +
                               std::to_string(recipient.value("tries", 0)) + " tries";
            if (recipient.value("state", "") == "queued") {
                line += ", next " + cli::human_time(recipient.value("next_try", std::uint64_t{0}));
            }
            if (auto const reason = recipient.value("reason", ""); !reason.empty())
                line += ": " + reason;
            cli::print_line(line);
        }
    }
    if (answer["messages"].empty()) cli::print_line("The queue is empty.");
}

}  // namespace

void add_queue(cli::CommandLine& line) {
    auto args = std::make_shared<Args>();
    line.verb("queue", "what the gateway holds: per message and recipient plan, tries, next try")
        .option("--retry", args->retry, "ID", "try this message again now")
        .option("--repair", args->repair, "ID",
                "send in full, now, what this message has in escrow")
        .example("satchel queue")
        .run([args](cli::Globals const& globals) -> Result<cli::ExitStatus> {
            auto const answer = ask(globals, *args);
            if (!answer) return fail(answer.error());
            if (globals.json) {
                cli::print_json(*answer);
            } else {
                print_prose(*answer);
            }
            return cli::ExitStatus::ok;
        });
}

}  // namespace satchel::programs
