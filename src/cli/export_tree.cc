#include "src/cli/export_tree.h"

#include <cerrno>
#include <chrono>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/core/file_label.h"

namespace satchel::cli {

namespace {

namespace fs = std::filesystem;

constexpr unsigned numbers_max = 10'000;
constexpr std::string_view leftover = ".new-";  // AtomicFile's; no exported name begins with a dot

std::string day_of(std::uint64_t unix_seconds) {
    auto const days = std::chrono::floor<std::chrono::days>(
        std::chrono::sys_seconds(std::chrono::seconds(unix_seconds)));
    std::chrono::year_month_day const date(days);
    auto const two = [](unsigned n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    return std::to_string(static_cast<int>(date.year())) + '-' +
           two(static_cast<unsigned>(date.month())) + '-' + two(static_cast<unsigned>(date.day()));
}

/// Local parts may hold what file names may not. Nobody must get another's folder by that.
std::string unambiguous(std::string const& address) {
    constexpr std::string_view special = "/\\%:*?\"<>|";
    constexpr char const* digits = "0123456789ABCDEF";
    std::string out;
    for (char const c : address) {
        if (special.find(c) == std::string_view::npos) {
            out += c;
            continue;
        }
        auto const octet = static_cast<unsigned char>(c);
        out += '%';
        out += digits[octet >> 4U];
        out += digits[octet & 15U];
    }
    return out;
}

/// None: not a plain file, or not of this size.
Result<std::optional<Sha256Digest>> content_of(fs::path const& path, std::uint64_t bytes) {
    auto const file = open_file(path.string(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!file) return std::optional<Sha256Digest>();

    struct stat status {};

    if (::fstat(file->get(), &status) != 0) return fail(system_error(path.string()));
    bool const alike =
        S_ISREG(status.st_mode) && static_cast<std::uint64_t>(status.st_size) == bytes;
    if (!alike) return std::optional<Sha256Digest>();
    Sha256 digest;
    Bytes buffer(1024 * 1024);
    for (std::uint64_t at = 0;;) {
        auto const got = read_at(file->get(), buffer, at);
        if (!got) return fail(got.error());
        if (*got == 0) return std::optional(digest.finish());
        digest.update(ByteSpan(buffer).first(*got));
        at += *got;
    }
}

bool is_taken(fs::path const& path) {
    struct stat status {};

    return ::lstat(path.c_str(), &status) == 0;
}

/// What an export that was killed left behind.
void sweep(fs::path const& folder) {
    std::error_code ignored;
    for (auto const& entry : fs::directory_iterator(folder, ignored)) {
        bool const ours = entry.path().filename().string().starts_with(leftover) &&
                          entry.symlink_status(ignored).type() == fs::file_type::regular;
        if (ours) fs::remove(entry.path(), ignored);
    }
}

}  // namespace

char const* to_string(Exported how) {
    switch (how) {
        case Exported::written:
            return "written";
        case Exported::linked:
            return "linked";
        case Exported::kept:
            return "kept";
    }
    return "written";
}

fs::path export_folder(ExportItem const& item) {
    std::string sender = "unknown sender";
    if (!item.from.empty()) sender = safe_file_name(unambiguous(item.from));
    if (!item.from.empty() && !item.verified) sender += " (unverified)";
    return fs::path(sender) / day_of(item.stored);
}

std::string numbered_name(std::string const& name, unsigned n) {
    if (n == 1) return name;
    fs::path const plain(name);
    return plain.stem().string() + " (" + std::to_string(n) + ")" + plain.extension().string();
}

Result<ExportTree> ExportTree::open(fs::path const& root) {
    std::error_code failed;
    fs::create_directories(root, failed);
    if (failed) return fail(Fault::no_space, root.string() + ": " + failed.message());
    auto lock = open_file(root.string(), O_RDONLY | O_DIRECTORY);
    if (!lock) return fail(lock.error());
    if (::flock(lock->get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return fail(Fault::unavailable, "another export fills " + root.string() + " now");
        return fail(system_error(root.string()));
    }
    return ExportTree(root, std::move(*lock));
}

Result<fs::path> ExportTree::folder_for(ExportItem const& item) {
    fs::path folder = root_ / export_folder(item);
    if (swept_.contains(folder)) return folder;
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed) return fail(Fault::no_space, folder.string() + ": " + failed.message());
    sweep(folder);
    swept_.insert(folder);
    return folder;
}

Result<std::optional<fs::path>> ExportTree::find(ExportItem const& item, std::uint64_t bytes,
                                                 Sha256Digest const& content) {
    auto const folder = folder_for(item);
    if (!folder) return fail(folder.error());
    std::string const name = safe_file_name(item.name);
    for (unsigned n = 1; n < numbers_max; ++n) {
        fs::path const path = *folder / numbered_name(name, n);
        if (!is_taken(path)) return std::optional<fs::path>();
        auto seen = seen_.find(path);
        if (seen == seen_.end()) {
            auto const found = content_of(path, bytes);
            if (!found) return fail(found.error());
            if (!*found) continue;  // of another size: another content
            seen = seen_.emplace(path, **found).first;
        }
        if (seen->second != content) continue;
        by_content_.emplace(content, path);
        return std::optional(path);
    }
    return std::optional<fs::path>();
}

Result<AtomicFile> ExportTree::begin(ExportItem const& item) {
    auto const folder = folder_for(item);
    if (!folder) return fail(folder.error());
    return AtomicFile::create(*folder / safe_file_name(item.name), 0644);
}

/// Fault::not_found: not possible here. Fault::refused: the name is taken.
Status ExportTree::link(fs::path const& to, Sha256Digest const& content) {
    auto const from = by_content_.find(content);
    if (from == by_content_.end()) return fail(Fault::not_found, "not exported yet");
    if (::link(from->second.c_str(), to.c_str()) == 0) return sync_folder(to.parent_path());
    if (errno == EEXIST) return fail(Fault::refused, to.string() + " exists already");
    return fail(Fault::not_found, system_error(to.string()).what);
}

Result<ExportTree::Placed> ExportTree::put(ExportItem const& item, std::uint64_t bytes,
                                           Sha256Digest const& content, AtomicFile* made) {
    auto const there = find(item, bytes, content);
    if (!there) return fail(there.error());
    if (*there) return Placed{**there, Exported::kept};
    auto const folder = folder_for(item);
    if (!folder) return fail(folder.error());
    std::string const name = safe_file_name(item.name);
    for (unsigned n = 1; n < numbers_max; ++n) {
        fs::path const path = *folder / numbered_name(name, n);
        Exported how = Exported::linked;
        Status done = link(path, content);
        if (!done && done.error().fault == Fault::not_found && made != nullptr) {
            how = Exported::written;
            made->rename_target(path);
            done = made->commit_new();
        }
        if (!done && done.error().fault == Fault::refused) continue;
        if (!done) return fail(done.error());
        by_content_.emplace(content, path);
        seen_.insert_or_assign(path, content);
        return Placed{path, how};
    }
    return fail(Fault::refused, name + ": no free name left");
}

}  // namespace satchel::cli
