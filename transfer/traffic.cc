#include "transfer/traffic.h"

#include "transfer/control_limits.h"

namespace satchel::transfer {

namespace {

using SteadyClock = std::chrono::steady_clock;

/// By the chunks of all bodies. Fewer than 256 KiB are not hashed in lanes: with 8 bodies at once
/// that costs less than a twentieth of the time, and twice as much would be 4 MB more with 50.
constexpr std::size_t shared_bytes = 1024 * 1024;
constexpr std::size_t chunk_bytes_min = 16 * 1024;
constexpr std::uint64_t chunks_a_second = 16;  ///< at least, where a rate is set
constexpr std::chrono::milliseconds look_again{100};

}  // namespace

std::size_t Traffic::chunk_bytes(Way way) const {
    auto const rate = (way == Way::up ? upload_ : download_).bytes_per_second();
    auto most = std::min(control_limits::body_chunk_bytes,
                         shared_bytes / std::max<std::size_t>(bodies_, 1));
    if (rate != 0) most = std::min<std::uint64_t>(most, rate / chunks_a_second);
    // Whole blocks: several are hashed at once.
    return std::max(most - most % limits::merkle_block_bytes, chunk_bytes_min);
}

asio::awaitable<void> Traffic::pass(Way way, std::uint64_t bytes, StillWanted still_wanted) {
    auto const when = bucket(way).book(bytes, SteadyClock::now());
    if (when <= SteadyClock::now()) co_return;
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (SteadyClock::now() < when && still_wanted()) {
        timer.expires_at(std::min(when, SteadyClock::now() + look_again));
        boost::system::error_code ignored;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

void Traffic::count(Way way, std::uint64_t bytes) {
    bucket(way).book(bytes, SteadyClock::now());
}

}  // namespace satchel::transfer
