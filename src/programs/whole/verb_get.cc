#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

#include <fcntl.h>
#include <unistd.h>

#include "mailgw/placeholder_reader.h"
#include "src/base/atomic_file.h"
#include "src/base/base64.h"
#include "src/cli/node_session.h"
#include "src/cli/output.h"
#include "src/cli/progress.h"
#include "src/core/file_label.h"
#include "src/core/reference.h"
#include "src/programs/whole/programs.h"

namespace satchel::programs {

namespace {

namespace fs = std::filesystem;

struct Args {
    std::string reference;
    std::string output;
};

/// One attachment to fetch.
struct Wanted {
    ContentId content_id;
    std::optional<Bytes> grant;
    std::string shown_name;  ///< what the message's text calls it, unverified
};

Result<std::vector<Wanted>> wanted_by(std::string const& reference) {
    if (auto id = ContentId::parse(reference)) return std::vector<Wanted>{{*id, std::nullopt, ""}};
    if (auto parsed = Reference::parse(reference)) {
        return std::vector<Wanted>{{parsed->content_id, std::nullopt, ""}};
    }
    if (reference.starts_with("satchel:"))
        return fail(Fault::usage, reference + " is not a whole reference");
    auto const file = open_file(reference, O_RDONLY);
    if (!file) {
        return fail(file.error().fault == Fault::not_found ? Fault::not_found : file.error().fault,
                    reference +
                        ": neither a content id, a satchel: reference, nor a message file that can "
                        "be read");
    }
    if (fs::is_directory(reference))
        return fail(Fault::usage, reference + " is a folder; a message file is wanted");
    auto const found = mailgw::read_placeholders(file->get());
    if (!found) return fail(found.error());
    std::vector<Wanted> wanted;
    for (mailgw::FoundPlaceholder const& placeholder : *found) {
        wanted.push_back({placeholder.reference.content_id, placeholder.grant, placeholder.name});
    }
    if (wanted.empty()) {
        return fail(
            Fault::not_found,
            reference + " holds no Satchel attachment: its parts came in full, if it has any");
    }
    return wanted;
}

/// "film.mov", "film (2).mov", … whichever is free. The file is committed under it.
Result<fs::path> commit_beside(AtomicFile& file, fs::path const& folder, std::string const& name) {
    fs::path const plain(name);
    for (int n = 1; n < 10'000; ++n) {
        std::string const numbered = n == 1 ? name
                                            : plain.stem().string() + " (" + std::to_string(n) +
                                                  ")" + plain.extension().string();
        file.rename_target(folder / numbered);
        auto const committed = file.commit_new();
        if (committed) return folder / numbered;
        if (committed.error().fault != Fault::refused) return fail(committed.error());
    }
    return fail(Fault::refused, name + ": no free name left");
}

Status copy_to_stdout(int fd) {
    Bytes buffer(256 * 1024);
    for (std::uint64_t at = 0;;) {
        auto const got = read_at(fd, buffer, at);
        if (!got) return fail(got.error());
        if (*got == 0) return {};
        if (auto written = write_all(STDOUT_FILENO, ByteSpan(buffer).first(*got)); !written)
            return written;
        at += *got;
    }
}

class Getter {
public:
    Getter(cli::Globals const& globals, Args const& args, cli::NodeSession& session)
        : globals_(globals)
        , args_(args)
        , session_(session) {}

    Status get(Wanted const& wanted) {
        auto const start = std::chrono::steady_clock::now();
        std::string name;
        fs::path folder = ".";
        bool const to_stdout = args_.output == "-";
        bool const into_folder = args_.output.empty() || fs::is_directory(args_.output);
        if (into_folder) {
            auto const described = session_.call("describe", {{"ref", wanted.content_id.to_hex()}});
            if (!described && described.error().fault != Fault::not_found)
                return fail(described.error());
            if (described) name = described->value("name", "");
            name = safe_file_name(name.empty() ? wanted.shown_name : name);
            if (!args_.output.empty()) folder = args_.output;
        } else if (to_stdout) {
            folder = fs::temp_directory_path();
            name = "satchel-get";
        } else {
            folder = fs::path(args_.output).parent_path();
            name = fs::path(args_.output).filename().string();
        }
        auto file = AtomicFile::create(folder / name, 0644);
        if (!file) return fail(file.error());
        auto result = fetch(wanted, file->fd(), name);
        if (!result) return fail(result.error());
        auto const told = result->value("name", "");
        // A blob that was not here yet tells its name only now.
        if (into_folder && !told.empty()) name = safe_file_name(told);
        result->erase("name");
        fs::path written = folder / name;
        if (to_stdout) {
            if (auto copied = copy_to_stdout(file->fd()); !copied) return copied;
            written = "-";
        } else if (into_folder) {
            auto const under = commit_beside(*file, folder, name);
            if (!under) return fail(under.error());
            written = *under;
        } else if (auto committed = file->commit(); !committed) {
            return committed;
        }
        (*result)["file"] = written.lexically_normal().string();
        (*result)["seconds"] =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        show(*result, to_stdout);
        return {};
    }

private:
    Result<node::Json> fetch(Wanted const& wanted, int fd, std::string const& name) {
        node::Json args{{"ref", wanted.content_id.to_hex()}, {"grant", nullptr}};
        if (wanted.grant) args["grant"] = to_base64(*wanted.grant);
        cli::ProgressLine progress(name);
        return session_.call("get", std::move(args), {fd}, [&progress](node::Json const& step) {
            progress.show(step.value("done", std::uint64_t{0}),
                          step.value("total", std::uint64_t{0}));
        });
    }

    void show(node::Json const& result, bool to_stdout) const {
        std::FILE* const to = to_stdout ? stderr : stdout;
        if (globals_.json) return cli::print_json(result, to);
        cli::print_line(result.value("file", "") + ": " +
                            cli::human_size(result.value("bytes", std::uint64_t{0})) + " from " +
                            result.value("source", "") + ", SHA-256 " + result.value("sha256", ""),
                        to);
    }

    cli::Globals const& globals_;
    Args const& args_;
    cli::NodeSession& session_;
};

Result<cli::ExitStatus> get(cli::Globals const& globals, Args const& args) {
    auto const wanted = wanted_by(args.reference);
    if (!wanted) return fail(wanted.error());
    bool const one_name =
        !args.output.empty() && args.output != "-" && !fs::is_directory(args.output);
    if (wanted->size() > 1 && one_name) {
        return fail(Fault::usage, "the message holds " + std::to_string(wanted->size()) +
                                      " attachments: give `-o` a folder, or leave it out");
    }
    auto session = cli::NodeSession::open(globals);
    if (!session) return fail(session.error());
    Getter getter(globals, args, *session);
    // One that is missing doesn't keep the others back; its failure is the exit code.
    std::optional<Error> failed;
    for (Wanted const& each : *wanted) {
        auto const got = getter.get(each);
        if (got) continue;
        if (failed) cli::print_error(*failed, globals.json);
        failed = got.error();
    }
    if (failed) return fail(*failed);
    return cli::ExitStatus::ok;
}

}  // namespace

void add_get(cli::CommandLine& line) {
    auto args = std::make_shared<Args>();
    line.verb("get", "retrieve an attachment by its hash")
        .argument("REF", args->reference, "content id, satchel: reference, or a message file")
        .option("-o,--output", args->output, "FILE|-",
                "file, folder, or `-` for standard output [its own name, here]")
        .example("satchel get satchel:1:CONTENT_ID:BYTES -o film.mov")
        .run([args](cli::Globals const& globals) { return get(globals, *args); });
}

}  // namespace satchel::programs
