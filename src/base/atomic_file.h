// A file that appears whole or not at all: temp file, fsync, rename, fsync of the folder.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "src/base/unique_fd.h"

namespace satchel {

/// A file in the making. Unless committed, it vanishes with the object.
class AtomicFile {
public:
    /// Makes a temp file beside `target` (same folder, so that the rename is atomic), mode as
    /// given.
    static Result<AtomicFile> create(std::filesystem::path target, unsigned mode = 0600);

    AtomicFile(AtomicFile const&) = delete;
    AtomicFile& operator=(AtomicFile const&) = delete;
    AtomicFile(AtomicFile&&) noexcept = default;
    AtomicFile& operator=(AtomicFile&&) noexcept;
    ~AtomicFile();

    int fd() const { return fd_.get(); }

    Status write(ByteSpan bytes) { return write_all(fd_.get(), bytes); }

    /// After success the file stands under its name and survives a power cut.
    Status commit();

    /// Another name for the file, in the same folder, before it is committed.
    void rename_target(std::filesystem::path target) { target_ = std::move(target); }

    /// As commit(), but refuses (Fault::refused) where the name is taken already.
    Status commit_new();

private:
    AtomicFile(std::filesystem::path target, std::filesystem::path temp, UniqueFd fd);
    void discard();

    std::filesystem::path target_;
    std::filesystem::path temp_;  ///< empty once committed or moved from
    UniqueFd fd_;
};

Status write_atomically(std::filesystem::path const& target, ByteSpan bytes, unsigned mode = 0600);

/// Reads all of a file of at most `max_bytes` (Fault::too_large beyond).
Result<Bytes> read_whole_file(std::filesystem::path const& path, std::size_t max_bytes);

/// fsync of a folder, after names in it changed.
Status sync_folder(std::filesystem::path const& folder);

}  // namespace satchel
