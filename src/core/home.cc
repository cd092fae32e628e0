#include "src/core/home.h"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/atomic_file.h"
#include "src/base/bytes.h"
#include "src/base/hex.h"
#include "src/base/plain_sha256.h"
#include "src/base/unique_fd.h"
#include "src/core/config.h"

namespace satchel {

namespace fs = std::filesystem;

namespace {

/// sockaddr_un holds 107 octets and a zero; the design stops at 100.
constexpr std::size_t socket_path_octets = 100;

/// The same folder by whatever way it was named: the socket's place depends on it.
fs::path settled(fs::path const& root) {
    std::error_code error;
    fs::path absolute = fs::absolute(root, error);
    if (error) return root;
    fs::path canonical = fs::weakly_canonical(absolute, error);
    return error ? absolute.lexically_normal() : canonical;
}

fs::path environment_path(char const* name) {
    char const* const value = std::getenv(name);
    return value == nullptr ? fs::path() : fs::path(value);
}

/// $XDG_RUNTIME_DIR, else /run/user/UID, else /tmp.
fs::path runtime_folder() {
    if (auto folder = environment_path("XDG_RUNTIME_DIR"); folder.is_absolute()) return folder;
    fs::path const usual = "/run/user/" + std::to_string(::getuid());
    return ::access(usual.c_str(), W_OK | X_OK) == 0 ? usual : fs::path("/tmp");
}

/// Makes `folder` 0700 where it is missing; refuses one that is another's or open to others (/tmp
/// is anybody's).
Status ensure_private_folder(fs::path const& folder) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
        return fail(system_error(folder.string()));

    struct stat info {};

    if (::lstat(folder.c_str(), &info) != 0) return fail(system_error(folder.string()));
    if (!S_ISDIR(info.st_mode)) return fail(Fault::config, folder.string() + " is not a folder");
    if (info.st_uid != ::geteuid())
        return fail(Fault::config, folder.string() + " belongs to another user");
    if ((info.st_mode & 077U) != 0) {
        return fail(Fault::config,
                    folder.string() + " is open to other users; run: chmod 700 " + folder.string());
    }
    return {};
}

}  // namespace

Home::Home(fs::path const& root)
    : root_(settled(root)) {}

fs::path Home::run_folder() const {
    fs::path inside = root_ / "run";
    if ((inside / "gateway.sock").string().size() <= socket_path_octets) return inside;
    auto const digest = plain_sha256(bytes_of(root_.string()));
    return runtime_folder() / ("satchel-" + to_hex(ByteSpan(digest).first(8)));
}

fs::path Home::node_socket() const {
    return run_folder() / "node.sock";
}

fs::path Home::gateway_socket() const {
    return run_folder() / "gateway.sock";
}

Status Home::ensure() const {
    std::error_code error;
    fs::create_directories(root_.parent_path(), error);
    if (error) {
        return fail(Fault::io, root_.parent_path().string() + ": " + error.message());
    }
    if (auto made = ensure_private_folder(root_); !made) return made;
    return ensure_private_folder(run_folder());
}

Status Home::ensure_config() const {
    if (fs::exists(config_file())) return {};
    return write_atomically(config_file(), bytes_of(config_template()));
}

fs::path Home::default_root() {
    if (auto home = environment_path("SATCHEL_HOME"); !home.empty()) return home;
    // The XDG Base Directory Specification says to ignore a relative one.
    if (auto data = environment_path("XDG_DATA_HOME"); data.is_absolute()) return data / "satchel";
    fs::path user = environment_path("HOME");
    if (user.empty()) {
        auto const* const entry = ::getpwuid(::getuid());
        user = entry == nullptr ? "/" : entry->pw_dir;
    }
    return user / ".local/share/satchel";
}

}  // namespace satchel
