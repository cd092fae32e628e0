#include "dht/first_seen.h"

#include <algorithm>

namespace satchel::location {

FirstSeenVerdict judge_claimants(Address const& address, std::optional<UserKey> const& remembered,
                                 std::vector<UserKey> const& claimants) {
    FirstSeenVerdict verdict;
    auto const first = remembered          ? remembered
                       : claimants.empty() ? std::nullopt
                                           : std::optional(claimants.front());
    bool const others = std::any_of(claimants.begin(), claimants.end(),
                                    [&](UserKey const& key) { return key != first; });
    if (others) {
        verdict.alarm =
            (remembered
                 ? "another key than the one seen first, " + remembered->short_form() + ", claims "
                 : std::string("several keys claim ")) +
            address.text() + "; ask its owner which is right, then: satchel contact add " +
            address.text() + " USER_KEY" +
            (remembered ? ", or satchel contact forget " + address.text() : "");
        return verdict;
    }
    verdict.counts = first;
    verdict.is_new = first && !remembered;
    return verdict;
}

asio::awaitable<Result<std::optional<UserKey>>> FirstSeen::remembered(Address address) {
    auto look = [this, address] { return memory_.first_seen_key(address); };
    co_return co_await workers_.await(std::move(look));
}

asio::awaitable<Result<FirstSeenVerdict>> FirstSeen::settle(Address address,
                                                            std::vector<UserKey> claimants,
                                                            std::uint64_t now_seconds) {
    auto const before = co_await remembered(address);
    if (!before) co_return fail(before.error());
    auto verdict = judge_claimants(address, *before, claimants);
    if (verdict.is_new) {
        auto remember = [this, address, key = *verdict.counts, now_seconds] {
            return memory_.remember_first_seen(address, key, now_seconds);
        };
        auto const counts = co_await workers_.await(std::move(remember));
        if (!counts) co_return fail(counts.error());
        // Somebody may have come between: a key that was first is not replaced.
        if (*counts != *verdict.counts) verdict = judge_claimants(address, *counts, claimants);
        verdict.is_new = verdict.counts.has_value();
        if (verdict.is_new)
            log_.info("first_seen",
                      {{"address", address.text()}, {"key", verdict.counts->short_form()}});
    }
    if (!verdict.alarm.empty())
        log_.warning("user_key_changed", {{"address", address.text()}, {"reason", verdict.alarm}});
    co_return verdict;
}

}  // namespace satchel::location
