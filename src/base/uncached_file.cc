#include "src/base/uncached_file.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/uio.h>

#include "src/base/unique_fd.h"

namespace satchel {

namespace {

constexpr int rwf_dontcache = 0x80;  // uapi/linux/fs.h; Debian 12's headers lack it
constexpr std::uint64_t ahead_bytes = std::uint64_t{4} * 1024 * 1024;
constexpr off_t own_position = -1;

/// Gives how many bytes were written: fewer than all where the kernel does not know the flag.
Result<std::size_t> write_past_cache(int fd, ByteSpan bytes, off_t offset) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        auto* const from = const_cast<Byte*>(bytes.data() + done);  // iovec has no const
        iovec const part{from, bytes.size() - done};
        off_t const at = offset == own_position ? offset : offset + static_cast<off_t>(done);
        ssize_t const n = ::pwritev2(fd, &part, 1, at, rwf_dontcache);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL || errno == ESPIPE))
            break;
        if (n < 0) return fail(system_error("write"));
        done += static_cast<std::size_t>(n);
    }
    return done;
}

}  // namespace

Status write_uncached_at(int fd, ByteSpan bytes, std::uint64_t offset) {
    auto const done = write_past_cache(fd, bytes, static_cast<off_t>(offset));
    if (!done) return fail(done.error());
    return write_all_at(fd, bytes.subspan(*done), offset + *done);
}

Status write_uncached(int fd, ByteSpan bytes) {
    auto const done = write_past_cache(fd, bytes, own_position);
    if (!done) return fail(done.error());
    return write_all(fd, bytes.subspan(*done));
}

Result<std::size_t> UncachedReader::read(std::span<Byte> out) {
    // Hints: what can't be had early comes when it is read.
    auto const wanted = at_ + out.size() + ahead_bytes;
    if (asked_ < wanted) {
        static_cast<void>(::posix_fadvise(fd_, static_cast<off_t>(asked_),
                                          static_cast<off_t>(wanted - asked_),
                                          POSIX_FADV_WILLNEED));
        asked_ = wanted;
    }
    auto got = read_at(fd_, out, at_);
    if (!got) return got;
    static_cast<void>(::posix_fadvise(fd_, static_cast<off_t>(at_), static_cast<off_t>(*got),
                                      POSIX_FADV_DONTNEED));
    at_ += *got;
    return got;
}

}  // namespace satchel
