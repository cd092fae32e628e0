#include <algorithm>

#include "src/cli/node_session.h"
#include "src/cli/output.h"
#include "src/cli/style.h"
#include "src/cli/verbs.h"

namespace satchel::cli {

namespace {

std::string mark_of(std::string const& state, Style const& style) {
    if (state == "ok") return style.paint(Style::Tone::good, "  ok    ");
    if (state == "warning") return style.paint(Style::Tone::doubtful, "  warn  ");
    return state == "failure" ? style.paint(Style::Tone::bad, "  FAIL  ") : "  ?     ";
}

Result<ExitStatus> doctor(Globals const& globals) {
    auto session = NodeSession::open(globals);
    if (!session) return fail(session.error());
    auto const report = session->call("doctor", {{"settled", !session->started_for_this()}});
    if (!report) return fail(report.error());
    auto const& findings = report->at("findings");
    bool const healthy = std::none_of(findings.begin(), findings.end(), [](auto const& finding) {
        return finding.value("state", "") == "failure";
    });
    if (globals.json) {
        print_json({{"healthy", healthy}, {"findings", findings}});
    } else {
        Style const style = Style::of(stdout);
        for (auto const& finding : findings) {
            print_line(mark_of(finding.value("state", ""), style) + finding.value("check", "") +
                       ": " + finding.value("words", ""));
            std::string const advice = finding.value("advice", "");
            if (!advice.empty()) print_line("        -> " + advice);
        }
    }
    return healthy ? ExitStatus::ok : ExitStatus::unavailable;
}

}  // namespace

void add_doctor(CommandLine& line) {
    line.verb("doctor", "what is wrong with this home, and what to do about it")
        .example("satchel doctor                     exit 0 all well, 69 something is not")
        .run(doctor);
}

}  // namespace satchel::cli
