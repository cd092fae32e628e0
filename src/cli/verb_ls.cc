#include <memory>

#include "src/cli/node_session.h"
#include "src/cli/output.h"
#include "src/cli/verbs.h"

namespace satchel::cli {

namespace {

Result<ExitStatus> ls(Globals const& globals) {
    auto session = NodeSession::open(globals);
    if (!session) return fail(session.error());
    auto const result = session->call("ls", node::Json::object());
    if (!result) return fail(result.error());
    if (globals.json) {
        print_json(*result);
        return ExitStatus::ok;
    }
    for (auto const& blob : result->at("blobs")) {
        print_line(
            blob.value("content_id", "") + "  " +
            human_time(blob.value("stored", std::uint64_t{0})) + "  " +
            human_size(blob.value("bytes", std::uint64_t{0})) + "  " + blob.value("from", "") +
            (blob.value("verified", true) ? "  " : " (unverified)  ") + blob.value("name", ""));
    }
    return ExitStatus::ok;
}

Result<ExitStatus> rm(Globals const& globals, std::string const& reference) {
    auto session = NodeSession::open(globals);
    if (!session) return fail(session.error());
    auto const result = session->call("rm", {{"ref", reference}});
    if (!result) return fail(result.error());
    if (globals.json) {
        print_json(*result);
    } else {
        print_line("Removed " + result->value("content_id", "") + '.');
    }
    return ExitStatus::ok;
}

}  // namespace

void add_ls(CommandLine& line) {
    line.verb("ls", "list what this home's node stores").example("satchel ls").run(ls);
}

void add_rm(CommandLine& line) {
    auto reference = std::make_shared<std::string>();
    line.verb("rm", "remove a stored attachment")
        .argument("REF", *reference, "content id or satchel: reference")
        .example("satchel rm satchel:1:CONTENT_ID:BYTES")
        .run([reference](Globals const& globals) { return rm(globals, *reference); });
}

}  // namespace satchel::cli
