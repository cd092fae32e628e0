#include "src/cli/node_session.h"
#include "src/cli/output.h"
#include "src/cli/verbs.h"

namespace satchel::cli {

namespace {

Result<ExitStatus> status(Globals const& globals) {
    auto session = NodeSession::open(globals);
    if (!session) return fail(session.error());
    auto const result = session->call("status", node::Json::object());
    if (!result) return fail(result.error());
    if (globals.json) {
        print_json(*result);
        return ExitStatus::ok;
    }
    auto const& quota = result->at("quota");
    auto const& dht = result->at("dht");
    print_line("node       " + result->value("node_key", "") +
               (session->started_for_this() ? "  (not running; started for this verb)" : ""));
    print_line("stored     " + std::to_string(quota.value("blobs", std::uint64_t{0})) +
               " attachments, " + human_size(quota.value("used", std::uint64_t{0})) + " of " +
               human_size(quota.value("total", std::uint64_t{0})));
    print_line("moved      " + human_size(result->value("uploaded_bytes", std::uint64_t{0})) +
               " out, " + human_size(result->value("downloaded_bytes", std::uint64_t{0})) + " in");
    print_line("dht        " + std::to_string(dht.value("good_nodes", std::uint64_t{0})) +
               " good nodes, " + std::to_string(dht.value("stored_records", std::uint64_t{0})) +
               " records kept for others");
    for (auto const& address : result->at("published"))
        print_line("published  " + address.get<std::string>());
    return ExitStatus::ok;
}

}  // namespace

void add_status(CommandLine& line) {
    line.verb("status", "how this home's node is: storage, traffic, DHT")
        .example("satchel status")
        .run(status);
}

}  // namespace satchel::cli
