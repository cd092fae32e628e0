#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include <fcntl.h>

#include "src/base/unique_fd.h"
#include "src/cli/last_words.h"
#include "src/cli/node_session.h"
#include "src/cli/output.h"
#include "src/cli/progress.h"
#include "src/cli/verbs.h"

namespace satchel::cli {

namespace {

struct Args {
    std::string file;
    std::vector<std::string> recipients;
};

/// `to`: where a delivery is told. What was not delivered is an error.
void print_outcome(node::Json const& recipient, std::string const& name, std::FILE* to) {
    std::string const address = recipient.value("address", "");
    std::string line = name;
    if (recipient.at("receipt").is_null()) {
        line.append(" NOT delivered to ").append(address).append(": ");
        return print_line(line.append(recipient.value("reason", "")), stderr);
    }
    line.append(" delivered to ").append(address).append(" (");
    print_line(line.append(recipient.value("route", "")).append(")"), to);
}

void print_reference(node::Json const& result) {
    auto const& recipients = result.at("recipients");
    bool const stored = std::any_of(recipients.begin(), recipients.end(),
                                    [](auto const& one) { return !one.at("receipt").is_null(); });
    // A reference to what nobody holds would lead nowhere.
    if (!stored) {
        print_line(
            "Nothing is stored, so there is no reference. Once the reason is gone, the same "
            "command goes on where this one broke off.",
            stderr);
        return;
    }
    print_line("satchel:1:" + result.value("content_id", "") + ":" +
               std::to_string(result.value("blob_bytes", std::uint64_t{0})));
}

Result<ExitStatus> push(Globals const& globals, Args const& args, ExpandRecipients const& expand) {
    auto const recipients = expand(globals, args.recipients);
    if (!recipients) return fail(recipients.error());
    // Opening a pipe would wait for somebody to write.
    auto const file = open_file(args.file, O_RDONLY | O_NONBLOCK);
    if (!file) return fail(file.error());
    if (std::filesystem::is_directory(args.file)) {
        return fail(Fault::usage,
                    args.file + " is a folder; push a file, such as an archive of it (tar, zip)");
    }
    if (!std::filesystem::is_regular_file(args.file)) {
        return fail(Fault::usage, args.file +
                                      " is a pipe or a device, and its size is not known: write "
                                      "it to a file, and push that");
    }
    auto const size = file_size(file->get());
    if (!size) return fail(size.error());
    auto session = NodeSession::open(globals);
    if (!session) return fail(session.error());
    node::Json addresses = node::Json::array();
    for (Address const& address : *recipients)
        addresses.push_back(address.text());
    std::string const name = std::filesystem::path(args.file).filename().string();
    Result<node::Json> result = fail(Fault::io, "");
    {
        ProgressLine progress(name);
        LastWords const interrupted(session->started_for_this()
                                        ? "The same command goes on where this one broke off.\n"
                                        : "Your node goes on with it: `satchel receipts` tells "
                                          "when it is there.\n");
        // Each as soon as it is known: others may take hours.
        auto const tell = [&](ProgressLine& line, node::Json const& step) {
            if (globals.json && addresses.size() == 1) return;
            line.make_room();
            print_outcome(step.at("recipient"), name, globals.json ? stderr : stdout);
            std::fflush(stdout);
        };
        result =
            session->call("push", {{"name", name}, {"recipients", addresses}, {"bytes", *size}},
                          {file->get()}, [&](node::Json const& step) {
                              if (step.contains("recipient")) return tell(progress, step);
                              progress.show(step.value("done", std::uint64_t{0}),
                                            step.value("total", std::uint64_t{0}));
                          });
    }
    if (!result) {
        bool const of_file = result.error().fault == Fault::corrupt;
        return fail(result.error().fault, (of_file ? name + ": " : "") + result.error().what);
    }
    bool const all = result->value("delivered", false);
    if (globals.json) {
        result->erase("delivered");
        result->erase("blob_bytes");
        print_json(*result);
    } else {
        print_reference(*result);
    }
    return all ? ExitStatus::ok : ExitStatus::unavailable;
}

}  // namespace

void add_push(CommandLine& line, ExpandRecipients expand) {
    auto args = std::make_shared<Args>();
    line.verb("push", "bring a file into people's storage, without a mail")
        .argument("FILE", args->file, "the file")
        .arguments("ADDRESS", args->recipients, "whose storage; addresses or groups")
        .example("satchel push film.mov bob@b.test")
        .run([args, expand = std::move(expand)](Globals const& globals) {
            return push(globals, *args, expand);
        });
}

}  // namespace satchel::cli
