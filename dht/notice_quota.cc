#include "dht/notice_quota.h"

#include <algorithm>

namespace satchel::location {
namespace {

constexpr std::uint64_t sweep_seconds = 60;

}  // namespace

bool NoticeQuota::take(DhtKey const& key, std::string const& source, std::uint64_t expires,
                       std::uint64_t now_seconds) {
    if (now_seconds >= next_sweep_) sweep(now_seconds);
    if (total_ >= total_max_) return false;
    Entries& entries = kept_[key];
    forget_expired(entries, now_seconds);
    auto const of_source = std::count_if(
        entries.begin(), entries.end(), [&](Entry const& entry) { return entry.source == source; });
    bool const has_share =
        source.empty() || static_cast<std::size_t>(of_source) < limits::notices_per_source;
    if (entries.size() >= limits::notices_per_key || !has_share) return false;
    entries.push_back({source, expires});
    ++total_;
    return true;
}

void NoticeQuota::forget_expired(Entries& entries, std::uint64_t now_seconds) {
    total_ -=
        std::erase_if(entries, [&](Entry const& entry) { return entry.expires <= now_seconds; });
}

void NoticeQuota::sweep(std::uint64_t now_seconds) {
    next_sweep_ = now_seconds + sweep_seconds;
    for (auto it = kept_.begin(); it != kept_.end();) {
        forget_expired(it->second, now_seconds);
        it = it->second.empty() ? kept_.erase(it) : std::next(it);
    }
}

}  // namespace satchel::location
