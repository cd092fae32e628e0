// Large files that are read or written once, from start to end, past the system's page cache: they
// throw nothing out of it, and cost no fresh memory. That is much on a virtual machine, where a
// page that nobody has used for a while must first be had from its host: 512 MB took 0.1 s or 1.1
// s.
#pragma once

#include <cstdint>

#include "src/base/bytes.h"
#include "src/base/result.h"

namespace satchel {

/// From this size on it pays. What is smaller is better kept for whoever wants it soon after.
inline constexpr std::uint64_t uncached_file_bytes = std::uint64_t{64} * 1024 * 1024;

/// As write_all_at(), and the disk begins at once, so that a sync has little left to do; the pages
/// are freed as they reach it. Where the system can't (before Linux 6.14, some file systems) it is
/// write_all_at(). Best with 512 KiB and more at once, from a multiple of 4 KiB on.
Status write_uncached_at(int fd, ByteSpan bytes, std::uint64_t offset);

/// The same from the file's own position on.
Status write_uncached(int fd, ByteSpan bytes);

/// Reads from the start on, while the disk brings what comes next.
class UncachedReader {
public:
    /// `fd` must stay open.
    explicit UncachedReader(int fd)
        : fd_(fd) {}

    /// As read_at(). What was read before leaves the cache.
    Result<std::size_t> read(std::span<Byte> out);

private:
    int fd_;
    std::uint64_t at_ = 0;
    std::uint64_t asked_ = 0;  ///< of the disk
};

}  // namespace satchel
