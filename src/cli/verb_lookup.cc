#include <memory>

#include "src/cli/node_session.h"
#include "src/cli/output.h"
#include "src/cli/style.h"
#include "src/cli/typed_address.h"
#include "src/cli/verbs.h"

namespace satchel::cli {

namespace {

struct Args {
    std::string address;
    bool no_ping = false;
};

ExitStatus status_for(node::Json const& report) {
    if (!report.value("alarm", "").empty()) return ExitStatus::no_permission;
    if (report.value("available", false)) return ExitStatus::ok;
    if (!report.value("storage", false)) return ExitStatus::no_user;
    return report.value("trusted", false) ? ExitStatus::unavailable : ExitStatus::no_permission;
}

node::Json shown(node::Json const& report) {
    node::Json nodes = node::Json::array();
    for (auto const& node : report.at("nodes")) {
        nodes.push_back({{"node_key", node.at("node_key")},
                         {"endpoints", node.at("endpoints")},
                         {"available", node.at("available")},
                         {"reason", node.at("reason")}});
    }
    return {{"address", report.at("address")},
            {"dht_key", report.at("dht_key")},
            {"slots", report.at("slots")},
            {"storage", report.at("storage")},
            {"trust", report.at("trust")},
            {"available", report.at("available")},
            {"nodes", nodes},
            {"reason", report.at("reason")},
            {"alarm", report.at("alarm")}};
}

void print_prose(node::Json const& report, bool verbose) {
    std::string const address = report.value("address", "");
    std::string const alarm = report.value("alarm", "");
    Style const style = Style::of(stdout);
    if (!alarm.empty())
        print_line(style.paint(Style::Tone::bad, "ALARM") + ' ' + address + ": " + alarm);
    if (verbose) {
        for (auto const& step : report.at("steps"))
            print_line("  " + step.get<std::string>());
    }
    if (!alarm.empty()) return;
    if (!report.value("storage", false)) {
        std::string const reason = report.value("reason", "");
        bool const says_so = reason.starts_with("no storage");
        char const* const so_far =
            report.value("conclusive", true) ? "no storage: " : "not known now: ";
        print_line(address + ": " + (says_so ? "" : so_far) + reason);
        return;
    }
    print_line(address + ": storage, trust " + report.value("trust", "") + ", " +
               (report.value("available", false)
                    ? style.paint(Style::Tone::good, "available")
                    : style.paint(Style::Tone::doubtful, "not available") + ": " +
                          report.value("reason", "")));
    for (auto const& node : report.at("nodes")) {
        std::string line = "  node " + node.value("node_key", "");
        for (auto const& endpoint : node.at("endpoints"))
            line.append(1, ' ').append(endpoint.get<std::string>());
        line.append("  ").append(node.value("available", false) ? "available"
                                                                : node.value("reason", ""));
        print_line(line);
    }
}

Result<ExitStatus> lookup(Globals const& globals, Args const& args) {
    if (auto const valid = parse_typed_address(args.address); !valid) return fail(valid.error());
    auto session = NodeSession::open(globals);
    if (!session) return fail(session.error());
    auto const report =
        session->call("lookup", {{"address", args.address}, {"ping", !args.no_ping}});
    if (!report) return fail(report.error());
    if (globals.json) {
        print_json(shown(*report));
    } else {
        print_prose(*report, globals.verbose);
    }
    return status_for(*report);
}

}  // namespace

void add_lookup(CommandLine& line) {
    auto args = std::make_shared<Args>();
    line.verb("lookup", "has this address storage, whose word says so, and can it be reached?")
        .argument("ADDRESS", args->address, "the e-mail address")
        .flag("--no-ping", args->no_ping, "rely on the presence record alone")
        .example(
            "satchel lookup bob@b.test -v      exit 0 available, 67 no storage, 69 unavailable, 77 "
            "not trusted")
        .run([args](Globals const& globals) { return lookup(globals, *args); });
}

}  // namespace satchel::cli
