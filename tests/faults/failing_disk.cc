#include "tests/faults/failing_disk.h"

#include <atomic>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

namespace satchel::testing {

namespace {

std::atomic<std::uint64_t> calls_until_death = 0;  // 0: none
std::atomic<std::uint64_t> calls_until_full = 0;   // 0: none
std::atomic<std::uint64_t> syncs_until_error = 0;  // 0: none
std::atomic<bool> full = false;

void count_down() {
    if (calls_until_death != 0 && --calls_until_death == 0) ::kill(::getpid(), SIGKILL);
    if (calls_until_full != 0 && --calls_until_full == 0) full = true;
}

bool refuses(int fd) {
    count_down();
    // Pipes and sockets are no disk.
    if (!full || ::lseek(fd, 0, SEEK_CUR) < 0) return false;
    errno = ENOSPC;
    return true;
}

}  // namespace

void FailingDisk::die_at(std::uint64_t n) {
    calls_until_death = n;
}

void FailingDisk::fill_up_at(std::uint64_t n) {
    calls_until_full = n;
    full = false;
}

void FailingDisk::fail_sync_at(std::uint64_t n) {
    syncs_until_error = n;
}

void FailingDisk::mend() {
    calls_until_death = calls_until_full = syncs_until_error = 0;
    full = false;
}

}  // namespace satchel::testing

using namespace satchel::testing;

extern "C" {

ssize_t write(int fd, void const* data, size_t size) {
    return refuses(fd) ? -1 : syscall(SYS_write, fd, data, size);
}

ssize_t pwrite64(int fd, void const* data, size_t size, off64_t at) {
    return refuses(fd) ? -1 : syscall(SYS_pwrite64, fd, data, size, at);
}

int fsync(int fd) {
    count_down();
    if (syncs_until_error != 0 && --syncs_until_error == 0) {
        errno = EIO;
        return -1;
    }
    return static_cast<int>(syscall(SYS_fsync, fd));
}

int fdatasync(int fd) {
    count_down();
    return static_cast<int>(syscall(SYS_fdatasync, fd));
}

int rename(char const* from, char const* to) noexcept {
    count_down();
    return static_cast<int>(syscall(SYS_rename, from, to));
}

int unlink(char const* path) noexcept {
    count_down();
    return static_cast<int>(syscall(SYS_unlink, path));
}
}
