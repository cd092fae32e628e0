#include <memory>
#include <optional>

#include <unistd.h>

#include "mailgw/restorer.h"
#include "src/base/base64.h"
#include "src/cli/node_session.h"
#include "src/cli/output.h"
#include "src/cli/progress.h"
#include "src/core/file_label.h"
#include "src/node/json_values.h"
#include "src/programs/whole/nameless_file.h"
#include "src/programs/whole/programs.h"

namespace satchel::programs {

namespace {

using node::Json;

/// The home's node, asked only once there is something to ask.
class NodeContentSource final : public mailgw::ContentSource {
public:
    explicit NodeContentSource(cli::Globals const& globals)
        : globals_(globals) {}

    Result<Bytes> open_restore(ByteSpan sealed) override {
        auto const answer = call("open_restore", {{"restore", to_base64(sealed)}}, {});
        if (!answer) return fail(answer.error());
        return node::base64_at(*answer, "restore");
    }

    Status fetch(Reference const& blob, ByteSpan grant, int out) override {
        Json args{
            {"ref", blob.content_id.to_hex()}, {"grant", to_base64(grant)}, {"as_held", true}};
        auto const answer = call("get", std::move(args), {out});
        return answer ? Status() : Status(fail(answer.error()));
    }

private:
    Result<Json> call(std::string const& verb, Json args, std::vector<int> const& files) {
        if (!session_) session_.emplace(cli::NodeSession::open(globals_));
        if (!*session_) return fail(session_->error());
        cli::ProgressLine line("restoring");
        return (*session_)->call(verb, std::move(args), files, [&line](Json const& step) {
            line.show(step.value("done", std::uint64_t{0}), step.value("total", std::uint64_t{0}));
        });
    }

    cli::Globals const& globals_;
    std::optional<Result<cli::NodeSession>> session_;  ///< a node that is not there is asked once
};

Json json_of(mailgw::Restored const& restored) {
    Json parts = Json::array();
    for (mailgw::RestoredPart const& part : restored.parts) {
        parts.push_back({{"content_id", part.content_id ? part.content_id->to_hex() : ""},
                         {"name", part.name.empty() ? "" : safe_file_name(part.name)},
                         {"bytes", part.bytes},
                         {"ok", !part.trouble},
                         {"reason", part.trouble ? part.trouble->what : ""}});
    }
    return {{"state", to_string(restored.state)}, {"parts", parts}};
}

std::string sentence_for(mailgw::Restored const& restored) {
    std::string const count = std::to_string(restored.parts.size()) +
                              (restored.parts.size() == 1 ? " attachment" : " attachments");
    switch (restored.state) {
        case mailgw::RestoreState::exact:
            if (restored.parts.empty()) return "exact: nothing was detached from this message";
            return "exact: " + count + " put back, the message is the original byte for byte";
        case mailgw::RestoreState::parts_exact:
            return "parts-exact: " + count +
                   " put back byte for byte; the message around them was changed in transit";
        case mailgw::RestoreState::partial:
            return "partial: not all attachments could be put back";
    }
    return "";
}

void show(mailgw::Restored const& restored, bool json) {
    if (json) return cli::print_json(json_of(restored), stderr);
    cli::print_line(sentence_for(restored), stderr);
    for (mailgw::RestoredPart const& part : restored.parts) {
        if (!part.trouble) continue;
        std::string const name =
            part.name.empty() ? std::string("an attachment") : safe_file_name(part.name);
        cli::print_line("  " + name + " stays a placeholder: " + part.trouble->what, stderr);
    }
}

Result<mailgw::Restored> restore_input(cli::Globals const& globals) {
    auto const message = whole_file_of(STDIN_FILENO);
    if (!message) return fail(message.error());
    auto const scratch = nameless_file();
    if (!scratch) return fail(scratch.error());
    NodeContentSource source(globals);
    return mailgw::restore_message(message->get(), source, scratch->get(), [](ByteSpan octets) {
        return write_all(STDOUT_FILENO, octets);
    });
}

Result<cli::ExitStatus> restore(cli::Globals const& globals) {
    auto const restored = restore_input(globals);
    if (!restored) {
        // Standard output is the message's.
        cli::print_error(restored.error(), globals.json, stderr);
        return cli::exit_status_for(restored.error().fault);
    }
    show(*restored, globals.json);
    for (mailgw::RestoredPart const& part : restored->parts)
        if (part.trouble) return cli::exit_status_for(part.trouble->fault);
    return cli::ExitStatus::ok;
}

}  // namespace

void add_restore(cli::CommandLine& line) {
    line.verb("restore", "put detached attachments back into a message, byte for byte")
        .example("satchel restore < placeholder.eml > original.eml")
        .run([](cli::Globals const& globals) { return restore(globals); });
}

}  // namespace satchel::programs
