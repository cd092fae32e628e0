#include "src/base/atomic_file.h"

#include <cerrno>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace satchel {

namespace fs = std::filesystem;

AtomicFile::AtomicFile(fs::path target, fs::path temp, UniqueFd fd)
    : target_(std::move(target))
    , temp_(std::move(temp))
    , fd_(std::move(fd)) {}

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
    if (this == &other) return *this;
    discard();
    target_ = std::move(other.target_);
    temp_ = std::exchange(other.temp_, {});
    fd_ = std::move(other.fd_);
    return *this;
}

AtomicFile::~AtomicFile() {
    discard();
}

void AtomicFile::discard() {
    if (!temp_.empty()) ::unlink(temp_.c_str());
    temp_.clear();
}

Result<AtomicFile> AtomicFile::create(fs::path target, unsigned mode) {
    fs::path const folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
    std::string name = (folder / (".new-" + target.filename().string() + "-XXXXXX")).string();
    UniqueFd fd(::mkostemp(name.data(), O_CLOEXEC));
    if (!fd) return fail(system_error(folder.string()));
    AtomicFile file(std::move(target), name, std::move(fd));
    if (mode != 0600 && ::fchmod(file.fd(), mode) != 0) return fail(system_error(name));
    return file;
}

Status AtomicFile::commit() {
    if (auto synced = sync_file(fd_.get()); !synced) return synced;
    if (::rename(temp_.c_str(), target_.c_str()) != 0) return fail(system_error(target_.string()));
    temp_.clear();
    return sync_folder(target_.parent_path());
}

Status AtomicFile::commit_new() {
    if (auto synced = sync_file(fd_.get()); !synced) return synced;
    if (::link(temp_.c_str(), target_.c_str()) != 0) {
        if (errno == EEXIST) return fail(Fault::refused, target_.string() + " exists already");
        return fail(system_error(target_.string()));
    }
    discard();
    return sync_folder(target_.parent_path());
}

Status write_atomically(fs::path const& target, ByteSpan bytes, unsigned mode) {
    auto file = AtomicFile::create(target, mode);
    if (!file) return fail(file.error());
    if (auto written = file->write(bytes); !written) return written;
    return file->commit();
}

Result<Bytes> read_whole_file(fs::path const& path, std::size_t max_bytes) {
    auto fd = open_file(path.string(), O_RDONLY);
    if (!fd) return fail(fd.error());
    Bytes all;
    Bytes chunk(64 * 1024);
    for (;;) {
        auto const n = read_at(fd->get(), chunk, all.size());
        if (!n) return fail(n.error().fault, path.string() + ": " + n.error().what);
        if (*n == 0) return all;
        if (all.size() + *n > max_bytes) {
            return fail(Fault::too_large,
                        path.string() + ": over " + std::to_string(max_bytes) + " bytes");
        }
        append(all, ByteSpan(chunk).first(*n));
    }
}

Status sync_folder(fs::path const& folder) {
    auto fd = open_file(folder.empty() ? "." : folder.string(), O_RDONLY | O_DIRECTORY);
    if (!fd) return fail(fd.error());
    return sync_file(fd->get());
}

}  // namespace satchel
