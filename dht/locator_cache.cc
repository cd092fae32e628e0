#include "dht/locator_cache.h"

#include <utility>

namespace satchel::location {

asio::awaitable<Locator> LocatorCache::locator_of(Address address) {
    for (;;) {
        // Asked anew after each wait: somebody may have computed this one meanwhile.
        if (Locator const* const known = known_.find(address)) co_return *known;
        if (running_ < at_once_max) break;
        auto const executor = co_await asio::this_coro::executor;
        auto const turn = std::make_shared<WakeUp>(executor);
        waiting_.push_back(turn);
        co_await turn->wait_for(std::chrono::hours(1));
    }
    ++running_;
    auto work = [address] { return locate(address); };
    Locator const locator = co_await workers_.await(std::move(work));
    --running_;
    known_.put(address, locator);
    for (auto const& turn : std::exchange(waiting_, {}))
        turn->notify();
    co_return locator;
}

}  // namespace satchel::location
