// An open file descriptor that closes itself, and whole reads and writes on it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "src/base/bytes.h"
#include "src/base/result.h"

namespace satchel {

class UniqueFd {
public:
    UniqueFd() = default;

    explicit UniqueFd(int fd)
        : fd_(fd) {}

    UniqueFd(UniqueFd const&) = delete;
    UniqueFd& operator=(UniqueFd const&) = delete;

    UniqueFd(UniqueFd&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)) {}

    UniqueFd& operator=(UniqueFd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }

    ~UniqueFd();

    int get() const { return fd_; }

    explicit operator bool() const { return fd_ >= 0; }

    int release() { return std::exchange(fd_, -1); }

    /// A second descriptor of the same open file.
    Result<UniqueFd> duplicate() const;

private:
    int fd_ = -1;
};

/// Opens with O_CLOEXEC. `flags` and `mode` as for open(2).
Result<UniqueFd> open_file(std::string const& path, int flags, unsigned mode = 0600);

/// Reads up to `out.size()` bytes at `offset`; fewer only at the end of the file. Gives the count.
Result<std::size_t> read_at(int fd, std::span<Byte> out, std::uint64_t offset);

/// Writes all, or says why not (Fault::no_space when the disk or the quota is full).
Status write_all(int fd, ByteSpan bytes);
Status write_all_at(int fd, ByteSpan bytes, std::uint64_t offset);

Result<std::uint64_t> file_size(int fd);

/// fsync, told as a Status.
Status sync_file(int fd);

/// The Error for the current `errno`: "WHAT: No space left on device".
Error system_error(std::string const& what);

}  // namespace satchel
