#include "transfer/blob_folder.h"

#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "src/base/atomic_file.h"
#include "src/base/hex.h"

namespace satchel::transfer {

namespace fs = std::filesystem;

namespace {

/// Makes a folder 0700 unless it is there, and its name durable.
Status make_folder(fs::path const& folder) {
    if (::mkdir(folder.c_str(), 0700) == 0) return sync_folder(folder.parent_path());
    if (errno == EEXIST) return {};
    return fail(system_error(folder.string()));
}

/// What blobs may lie in, before the first comes: a new name costs a sync, which that blob's sender
/// would wait for. What can't be made, on a full disk, is made then. One that is there already may
/// be left from a start that was killed before its sync.
Status make_blob_folders(fs::path const& blobs) {
    constexpr std::size_t first_octets = 256;
    for (std::size_t i = 0; i < first_octets; ++i) {
        std::array const octet{static_cast<Byte>(i)};
        static_cast<void>(::mkdir((blobs / to_hex(octet)).c_str(), 0700));
    }
    return sync_folder(blobs);
}

Status overwrite(fs::path const& path, ByteSpan bytes) {
    if (auto made = make_folder(path.parent_path()); !made) return made;
    auto const file = open_file(path.string(), O_WRONLY | O_CREAT);
    if (!file) return fail(file.error());
    if (auto written = write_all_at(file->get(), bytes, 0); !written) return written;
    if (::ftruncate(file->get(), static_cast<off_t>(bytes.size())) == 0) return {};
    return fail(system_error(path.string()));
}

Status move_file(fs::path const& from, fs::path const& to) {
    if (auto made = make_folder(to.parent_path()); !made) return made;
    if (::rename(from.c_str(), to.c_str()) != 0) return fail(system_error(to.string()));
    // Where it came from needs no sync: an old name that a power cut brings back is one more stray.
    return sync_folder(to.parent_path());
}

std::vector<BlobFolder::Entry> files_below(fs::path const& folder) {
    std::vector<BlobFolder::Entry> files;
    std::error_code error;
    for (auto it = fs::recursive_directory_iterator(folder, error);
         !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
        std::error_code ignored;
        if (it->is_directory(ignored)) continue;
        auto const size = it->is_regular_file(ignored) ? it->file_size(ignored) : 0;
        files.push_back({it->path(), it->path().filename().string(), size});
    }
    return files;
}

}  // namespace

Result<BlobFolder> BlobFolder::open(fs::path root) {
    std::error_code error;
    fs::create_directories(root.parent_path(), error);
    for (auto const& folder : {root, root / "blobs", root / "partial", root / "outbox"}) {
        if (auto made = make_folder(folder); !made) return fail(made.error());
    }
    auto lock = open_file((root / "lock").string(), O_RDWR | O_CREAT);
    if (!lock) return fail(lock.error());
    if (::flock(lock->get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return fail(system_error(root.string()));
        return fail(Fault::unavailable, root.string() + " is used by another process");
    }
    if (auto made = make_blob_folders(root / "blobs"); !made) return fail(made.error());
    return BlobFolder(std::move(root), std::move(*lock));
}

fs::path BlobFolder::blob(ContentId const& id) const {
    auto const hex = id.to_hex();
    return root_ / "blobs" / hex.substr(0, 2) / hex;
}

fs::path BlobFolder::partial(ContentId const& id) const {
    return root_ / "partial" / id.to_hex();
}

Status BlobFolder::publish(ContentId const& id) const {
    return move_file(partial(id), blob(id));
}

Status BlobFolder::write_blob(ContentId const& id, ByteSpan bytes) const {
    auto const written = overwrite(blob(id), bytes);
    if (written) return {};
    if (written.error().fault != Fault::no_space) return fail(Fault::io, written.error().what);
    return fail(Fault::no_space, "no room on the disk for blob " + id.short_form());
}

Status BlobFolder::sync_blob(ContentId const& id) const {
    auto const path = blob(id);
    auto const file = open_file(path.string(), O_RDONLY);
    if (!file && file.error().fault == Fault::not_found) return {};
    if (!file) return fail(file.error());
    auto synced = sync_file(file->get());
    return synced ? sync_folder(path.parent_path()) : synced;
}

Status BlobFolder::rename_partial(ContentId const& from, ContentId const& to) const {
    if (::rename(partial(from).c_str(), partial(to).c_str()) == 0) return {};
    return fail(system_error(partial(to).string()));
}

Status BlobFolder::recall(ContentId const& id) const {
    return move_file(blob(id), partial(id));
}

void BlobFolder::remove_blob(ContentId const& id) const {
    ::unlink(blob(id).c_str());
}

void BlobFolder::remove_partial(ContentId const& id) const {
    ::unlink(partial(id).c_str());
}

std::uint64_t BlobFolder::partial_size(ContentId const& id) const {
    std::error_code error;
    auto const size = fs::file_size(partial(id), error);
    return error ? 0 : size;
}

Result<std::uint64_t> BlobFolder::disk_free() const {
    struct statvfs disk {};

    // Never Fault::not_found: a stranger would be told that what they offer is not here.
    if (::statvfs(root_.c_str(), &disk) != 0)
        return fail(Fault::io, system_error(root_.string()).what);
    return std::uint64_t{disk.f_bavail} * disk.f_frsize;
}

std::vector<BlobFolder::Entry> BlobFolder::blob_files() const {
    return files_below(root_ / "blobs");
}

std::vector<BlobFolder::Entry> BlobFolder::partial_files() const {
    return files_below(root_ / "partial");
}

std::vector<BlobFolder::Entry> BlobFolder::outbox_files() const {
    return files_below(root_ / "outbox");
}

}  // namespace satchel::transfer
