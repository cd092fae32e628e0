#include <memory>
#include <utility>

#include "src/cli/node_session.h"
#include "src/cli/output.h"
#include "src/cli/stored_list.h"
#include "src/cli/verbs.h"

namespace satchel::cli {

namespace {

std::string line_of(node::Json const& blob) {
    return blob.value("content_id", "") + "  " +
           human_time(blob.value("stored", std::uint64_t{0})) + "  " +
           human_size(blob.value("bytes", std::uint64_t{0})) + "  " + blob.value("from", "") +
           (blob.value("verified", true) ? "  " : " (unverified)  ") + blob.value("name", "");
}

/// Nobody is told the rest where the output is lost; how that ends is the same for all verbs.
Status unless_lost() {
    if (std::ferror(stdout) != 0) return fail(Fault::io, "standard output");
    return {};
}

/// One object on one line, as ever, written while it is being told.
Status ls_json(NodeSession& session) {
    char const* between = "{\"blobs\":[";
    auto told = each_stored(session, [&](node::Json const& blob) -> Status {
        std::string const text = std::exchange(between, ",") + text_of_json(blob);
        std::fwrite(text.data(), 1, text.size(), stdout);
        return unless_lost();
    });
    // Where it broke off, the exit code and the next line say so.
    print_line(*between == ',' ? "]}" : R"({"blobs":[]})");
    return told;
}

Result<ExitStatus> ls(Globals const& globals) {
    auto session = NodeSession::open(globals);
    if (!session) return fail(session.error());
    auto const told = globals.json ? ls_json(*session)
                                   : each_stored(*session, [](node::Json const& blob) -> Status {
                                         print_line(line_of(blob));
                                         return unless_lost();
                                     });
    if (!told && std::ferror(stdout) == 0) return fail(told.error());
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
