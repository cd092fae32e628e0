#include <algorithm>
#include <memory>
#include <optional>

#include <fcntl.h>

#include "src/base/hex.h"
#include "src/cli/export_tree.h"
#include "src/cli/node_session.h"
#include "src/cli/output.h"
#include "src/cli/progress.h"
#include "src/cli/stored_list.h"
#include "src/cli/verbs.h"

namespace satchel::cli {

namespace {

/// One line of the node's `ls`.
struct Stored {
    ExportItem item;
    std::string content_id;
    std::uint64_t bytes = 0;
    /// Of the file, if the label says it: not where the content is a mail's encoded text.
    std::optional<Sha256Digest> content{};
};

Stored stored_of(node::Json const& entry) {
    Stored stored{.item = {entry.value("from", ""), entry.value("verified", false),
                           entry.value("stored", std::uint64_t{0}), entry.value("name", "")},
                  .content_id = entry.value("content_id", ""),
                  .bytes = entry.value("bytes", std::uint64_t{0})};
    node::Json const digest = entry.value("sha256", node::Json());
    if (!digest.is_string()) return stored;
    auto const bytes = from_hex(digest.get<std::string>());
    if (bytes && bytes->size() == sizeof(Sha256Digest))
        std::copy(bytes->begin(), bytes->end(), stored.content.emplace().begin());
    return stored;
}

class Exporter {
public:
    Exporter(Globals const& globals, NodeSession& session, ExportTree& tree,
             std::uint64_t total_bytes)
        : globals_(globals)
        , session_(session)
        , tree_(tree)
        , total_bytes_(total_bytes)
        , progress_("export") {}

    Status take(Stored const& stored) {
        auto const placed = place(stored);
        done_bytes_ += stored.bytes;
        if (!placed) {
            ++failed_;
            return fail(placed.error().fault,
                        stored.item.name + " (" + stored.content_id + "): " + placed.error().what);
        }
        ++counts_[placed->how];
        std::string const file = placed->file.lexically_normal().string();
        if (globals_.json) {
            print_json({{"content_id", stored.content_id},
                        {"file", file},
                        {"bytes", bytes_},
                        {"sha256", to_hex(content_)},
                        {"state", to_string(placed->how)}});
        } else if (placed->how != Exported::kept || globals_.verbose) {
            print_line(std::string(to_string(placed->how)) + "  " + human_size(bytes_) + "  " +
                       file);
        }
        return {};
    }

    void sum_up(std::size_t sealed) {
        if (globals_.json) {
            print_json({{"written", counts_[Exported::written]},
                        {"linked", counts_[Exported::linked]},
                        {"kept", counts_[Exported::kept]},
                        {"failed", failed_},
                        {"sealed", sealed}});
            return;
        }
        std::string line = std::to_string(counts_[Exported::written]) + " written, " +
                           std::to_string(counts_[Exported::linked]) + " linked, " +
                           std::to_string(counts_[Exported::kept]) + " there already";
        if (sealed > 0) line += "; " + std::to_string(sealed) + " are other users', and sealed";
        print_line(line + '.');
    }

private:
    Result<ExportTree::Placed> place(Stored const& stored) {
        if (stored.content) {
            auto const there = tree_.find(stored.item, stored.bytes, *stored.content);
            if (!there) return fail(there.error());
            if (*there) {
                bytes_ = stored.bytes;
                content_ = *stored.content;
                return ExportTree::Placed{**there, Exported::kept};
            }
            // A label claims what it likes: only who can produce the content gets a link to it.
            if (tree_.has(*stored.content)) {
                auto const nowhere = open_file("/dev/null", O_WRONLY);
                if (!nowhere) return fail(nowhere.error());
                if (auto got = fetch(stored, nowhere->get()); !got) return fail(got.error());
                auto linked = tree_.put(stored.item, bytes_, content_, nullptr);
                if (linked || linked.error().fault != Fault::not_found) return linked;
            }
        }
        auto file = tree_.begin(stored.item);
        if (!file) return fail(file.error());
        if (auto got = fetch(stored, file->fd()); !got) return fail(got.error());
        return tree_.put(stored.item, bytes_, content_, &*file);
    }

    /// Decrypted and verified; leaves size and digest of what came out.
    Status fetch(Stored const& stored, int to) {
        node::Json const args{{"ref", stored.content_id}, {"grant", nullptr}};
        auto const got = session_.call("get", args, {to}, [&](node::Json const& step) {
            auto const whole = std::max<std::uint64_t>(step.value("total", std::uint64_t{1}), 1);
            auto const part = static_cast<double>(step.value("done", std::uint64_t{0})) /
                              static_cast<double>(whole);
            progress_.show(
                done_bytes_ + static_cast<std::uint64_t>(part * static_cast<double>(stored.bytes)),
                total_bytes_);
        });
        if (!got) return fail(got.error());
        bytes_ = got->value("bytes", std::uint64_t{0});
        auto const digest = from_hex(got->value("sha256", ""));
        if (!digest || digest->size() != content_.size())
            return fail(Fault::corrupt, "the node told no digest");
        std::copy(digest->begin(), digest->end(), content_.begin());
        return {};
    }

    Globals const& globals_;
    NodeSession& session_;
    ExportTree& tree_;
    std::uint64_t total_bytes_;
    std::uint64_t done_bytes_ = 0;
    ProgressLine progress_;
    std::map<Exported, std::uint64_t> counts_;
    std::uint64_t failed_ = 0;
    std::uint64_t bytes_ = 0;  ///< of the file at hand
    Sha256Digest content_{};   ///< likewise
};

Result<ExitStatus> export_all(Globals const& globals, std::string const& folder) {
    auto session = NodeSession::open(globals);
    if (!session) return fail(session.error());
    std::size_t sealed = 0;
    std::uint64_t total_bytes = 0;
    auto const counted = each_stored(*session, [&](node::Json const& entry) -> Status {
        if (entry.value("own", true)) {
            total_bytes += entry.value("bytes", std::uint64_t{0});
        } else {
            ++sealed;
        }
        return {};
    });
    if (!counted) return fail(counted.error());
    auto tree = ExportTree::open(folder);
    if (!tree) return fail(tree.error());
    // One that fails doesn't keep the others back; its failure is the exit code. The first to come
    // keeps the plain name, however often it is exported.
    std::optional<Error> failed;
    Exporter exporter(globals, *session, *tree, total_bytes);
    auto const told = each_stored(*session, [&](node::Json const& entry) -> Status {
        if (!entry.value("own", true)) return {};
        auto const taken = exporter.take(stored_of(entry));
        if (taken) return {};
        if (failed) print_error(*failed, globals.json);
        failed = taken.error();
        return failed->fault == Fault::no_space ? taken : Status();
    });
    if (!told && !failed) failed = told.error();
    exporter.sum_up(sealed);
    if (failed) return fail(*failed);
    return ExitStatus::ok;
}

}  // namespace

void add_export(CommandLine& line) {
    auto folder = std::make_shared<std::string>();
    line.verb("export", "decrypt all that is stored into a plain folder tree, by sender and day")
        .argument("DIR", *folder, "where to; what is there already is left alone")
        .example("satchel export ~/attachments")
        .run([folder](Globals const& globals) { return export_all(globals, *folder); });
}

}  // namespace satchel::cli
