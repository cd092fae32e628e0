#include "transfer/swarm_leftovers.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include <sys/stat.h>

namespace satchel::transfer {

namespace {

namespace fs = std::filesystem;

constexpr auto keeping = std::chrono::hours(24);
constexpr auto just_now = std::chrono::minutes(1);  ///< it may come into use this moment

struct Leftover {
    fs::path path;
    fs::file_time_type touched;
    std::uint64_t bytes = 0;
};

/// Files have holes: what they take of the disk.
std::uint64_t bytes_of(fs::path const& path) {
    struct stat facts {};

    if (::stat(path.c_str(), &facts) != 0) return 0;
    return static_cast<std::uint64_t>(facts.st_blocks) * 512;
}

}  // namespace

std::uint64_t room_for_leftovers(fs::path const& folder) {
    std::error_code unknown;
    auto const space = fs::space(folder, unknown);
    return unknown ? 0 : space.available;
}

void remove_leftovers(fs::path const& folder, LeftoverRule const& rule) {
    std::error_code ignored;
    auto const now = fs::file_time_type::clock::now();
    std::vector<Leftover> left;
    fs::directory_iterator entry(folder, ignored);
    for (; entry != fs::directory_iterator(); entry.increment(ignored)) {
        auto const path = entry->path();
        std::error_code gone;
        auto const touched = fs::last_write_time(path, gone);
        auto const id = ContentId::parse(path.filename().string());
        if (gone || (id && rule.in_use.contains(*id))) continue;
        if (now - touched > keeping || (id && rule.is_held(*id))) {
            fs::remove(path, gone);
        } else {
            left.push_back({path, touched, bytes_of(path)});
        }
    }
    std::ranges::sort(left, std::greater(), &Leftover::touched);
    std::uint64_t sum = 0;
    for (Leftover const& one : left) {
        sum += one.bytes;
        if (sum > rule.bytes_max && now - one.touched > just_now) fs::remove(one.path, ignored);
    }
}

}  // namespace satchel::transfer
