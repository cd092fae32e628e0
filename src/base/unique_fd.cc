#include "src/base/unique_fd.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace satchel {

UniqueFd::~UniqueFd() {
    if (fd_ >= 0) ::close(fd_);
}

Result<UniqueFd> UniqueFd::duplicate() const {
    UniqueFd copy(::fcntl(fd_, F_DUPFD_CLOEXEC, 0));
    if (!copy) return fail(system_error("duplicate a descriptor"));
    return copy;
}

Error system_error(std::string const& what) {
    int const code = errno;
    Fault const fault = code == ENOSPC || code == EDQUOT || code == EFBIG ? Fault::no_space
                        : code == ENOENT                                  ? Fault::not_found
                        : code == EACCES || code == EPERM                 ? Fault::refused
                                                                          : Fault::io;
    return {fault, what + ": " + std::generic_category().message(code)};
}

Result<UniqueFd> open_file(std::string const& path, int flags, unsigned mode) {
    UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
    if (!fd) return fail(system_error(path));
    return fd;
}

Result<std::size_t> read_at(int fd, std::span<Byte> out, std::uint64_t offset) {
    std::size_t done = 0;
    while (done < out.size()) {
        ssize_t const n =
            ::pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(system_error("read"));
        if (n == 0) break;
        done += static_cast<std::size_t>(n);
    }
    return done;
}

Status write_all(int fd, ByteSpan bytes) {
    while (!bytes.empty()) {
        ssize_t const n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(system_error("write"));
        bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return {};
}

Status write_all_at(int fd, ByteSpan bytes, std::uint64_t offset) {
    while (!bytes.empty()) {
        ssize_t const n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(system_error("write"));
        bytes = bytes.subspan(static_cast<std::size_t>(n));
        offset += static_cast<std::uint64_t>(n);
    }
    return {};
}

Result<std::uint64_t> file_size(int fd) {
    struct stat info {};

    if (::fstat(fd, &info) != 0) return fail(system_error("stat"));
    return static_cast<std::uint64_t>(info.st_size);
}

Status sync_file(int fd) {
    if (::fsync(fd) != 0) return fail(system_error("fsync"));
    return {};
}

}  // namespace satchel
