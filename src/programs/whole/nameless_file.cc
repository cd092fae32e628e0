#include "src/programs/whole/nameless_file.h"

#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace satchel::programs {

namespace {

constexpr std::size_t buffer_bytes = 256 * 1024;

}  // namespace

Result<UniqueFd> nameless_file() {
    return open_file(std::filesystem::temp_directory_path().string(), O_TMPFILE | O_RDWR);
}

Result<UniqueFd> whole_file_of(int fd) {
    struct stat facts {};

    bool const is_file = ::fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode);
    if (is_file && ::lseek(fd, 0, SEEK_CUR) == 0) {
        UniqueFd own(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
        if (own) return own;
    }
    auto file = nameless_file();
    if (!file) return file;
    Bytes buffer(buffer_bytes);
    while (true) {
        ssize_t const got = ::read(fd, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(system_error("input"));
        if (got == 0) return file;
        ByteSpan const piece(buffer.data(), static_cast<std::size_t>(got));
        if (auto written = write_all(file->get(), piece); !written) return fail(written.error());
    }
}

}  // namespace satchel::programs
