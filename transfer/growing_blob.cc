#include "transfer/growing_blob.h"

#include <algorithm>

namespace satchel::transfer {

GrowingBlob::GrowingBlob(asio::any_io_executor const& executor, std::uint64_t bytes)
    : bytes_(bytes)
    , changed_(executor, asio::steady_timer::time_point::max()) {}

void GrowingBlob::grow_to(std::shared_ptr<UniqueFd> file, std::uint64_t bytes) {
    file_ = std::move(file);
    written_ = std::max(written_, bytes);
    changed_.cancel();
}

void GrowingBlob::end() {
    ended_ = true;
    changed_.cancel();
}

asio::awaitable<bool> GrowingBlob::wait_for(std::uint64_t bytes) {
    boost::system::error_code ignored;
    while (written_ < bytes && !ended_)
        co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_return written_ >= bytes;
}

}  // namespace satchel::transfer
