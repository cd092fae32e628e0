#include "src/base/sandbox.h"

#include <algorithm>
#include <csignal>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "src/base/unique_fd.h"

namespace satchel {

namespace {

// landlock(7). Older headers lack what newer kernels have, so all of it stands here.
struct LandlockRuleset {
    std::uint64_t handled_access_fs = 0;
    std::uint64_t handled_access_net = 0;
    std::uint64_t scoped = 0;
};

constexpr long landlock_create_ruleset = 444;
constexpr long landlock_restrict_self = 446;
constexpr unsigned long ask_version = 1;
constexpr std::uint64_t scope_abstract_sockets = 1;
constexpr std::uint64_t scope_signals = 2;

/// Rights over files that a kernel of this Landlock version knows.
std::uint64_t file_rights(long version) {
    std::uint64_t rights = (1ULL << 13) - 1;  // execute to make_sym
    if (version >= 2) rights |= 1ULL << 13;   // refer
    if (version >= 3) rights |= 1ULL << 14;   // truncate
    if (version >= 5) rights |= 1ULL << 15;   // device ioctl
    return rights;
}

Status limit(__rlimit_resource what, std::uint64_t value) {
    rlimit bound{};
    if (::getrlimit(what, &bound) != 0) return fail(system_error("a limit"));
    bound.rlim_max = std::min<rlim_t>(bound.rlim_max, value);
    bound.rlim_cur = std::min<rlim_t>(bound.rlim_max, value);
    if (::setrlimit(what, &bound) != 0) return fail(system_error("a limit"));
    return {};
}

void shut_file_system(SandboxReport& report) {
    long const version = ::syscall(landlock_create_ruleset, nullptr, 0UL, ask_version);
    if (version < 1) return;  // a kernel before 5.13, or without it
    LandlockRuleset rules;
    rules.handled_access_fs = file_rights(version);
    std::size_t size = sizeof(rules.handled_access_fs);
    if (version >= 6) {
        rules.scoped = scope_abstract_sockets | scope_signals;
        size = sizeof(rules);
    }
    // Without a single rule: nothing of what it handles is allowed.
    UniqueFd const ruleset(static_cast<int>(::syscall(landlock_create_ruleset, &rules, size, 0UL)));
    if (!ruleset) return;
    report.files_closed = ::syscall(landlock_restrict_self, ruleset.get(), 0UL) == 0;
    report.signals_closed = report.files_closed && rules.scoped != 0;
}

}  // namespace

Result<SandboxReport> enter_sandbox(int parent, SandboxLimits const& limits) {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return fail(system_error("the parent's death"));
    if (::getppid() != parent) return fail(Fault::unavailable, "the parent is gone already");
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail(system_error("new privileges"));
    // Nobody of the same user reads its memory, either.
    static_cast<void>(::prctl(PR_SET_DUMPABLE, 0));
    if (auto set = limit(RLIMIT_NOFILE, limits.open_files); !set) return fail(set.error());
    if (auto set = limit(RLIMIT_DATA, limits.data_bytes); !set) return fail(set.error());
    if (auto set = limit(RLIMIT_CORE, 0); !set) return fail(set.error());
    SandboxReport report;
    shut_file_system(report);
    return report;
}

}  // namespace satchel
