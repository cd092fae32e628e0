#include "transfer/growing_blob.h"

#include <algorithm>
#include <utility>

namespace satchel::transfer {

namespace {

using namespace std::chrono_literals;

/// A content must not change while it is read, and a mail may wait until it is encrypted: so the
/// maker goes at the sender's pace only where that is some 25 MB/s, a second's halt forgiven.
constexpr std::chrono::nanoseconds longest_grace = 1s;
constexpr std::chrono::nanoseconds grace_for_batch = 20ms;
constexpr std::size_t spare_buffers = 2;

}  // namespace

GrowingBlob::GrowingBlob(asio::any_io_executor const& executor, std::uint64_t bytes,
                         std::size_t window)
    : executor_(executor)
    , bytes_(bytes)
    , window_(window)
    , changed_(executor, asio::steady_timer::time_point::max())
    , grace_(longest_grace)
    , by_file_(window == 0) {}

std::size_t GrowingBlob::waiting_bytes() const {
    std::size_t bytes = 0;
    for (Batch const& batch : waiting_)
        bytes += batch.bytes.size();
    return bytes;
}

void GrowingBlob::tell_sender() {
    asio::post(executor_, [weak = weak_from_this()] {
        if (auto const self = weak.lock()) self->changed_.cancel();
    });
}

bool GrowingBlob::take(Bytes& batch) {
    std::unique_lock lock(mutex_);
    if (by_file_) return false;
    auto const begun = std::chrono::steady_clock::now();
    bool const room = room_.wait_for(lock, grace_, [&] {
        return by_file_ || waiting_.empty() || waiting_bytes() + batch.size() <= window_;
    });
    auto const waited = std::chrono::steady_clock::now() - begun;
    grace_ = std::min(longest_grace, grace_ - waited + grace_for_batch);
    if (!room) by_file_ = true;
    if (by_file_) return false;
    std::uint64_t const at = made_;
    made_ += batch.size();
    if (made_ > wanted_from_) {
        Bytes empty;
        if (!spare_.empty()) {
            empty = std::move(spare_.back());
            spare_.pop_back();
        }
        waiting_.push_back({at, std::exchange(batch, std::move(empty))});
    }
    batch.clear();
    lock.unlock();
    tell_sender();
    return true;
}

void GrowingBlob::stands_in(std::shared_ptr<UniqueFd> file, std::uint64_t made) {
    {
        std::lock_guard const lock(mutex_);
        if (!file_) file_from_ = made_;
        file_ = std::move(file);
        made_ = std::max(made_, made);
    }
    tell_sender();
}

void GrowingBlob::end() {
    {
        std::lock_guard const lock(mutex_);
        ended_ = true;
    }
    tell_sender();
}

std::uint64_t GrowingBlob::made() const {
    std::lock_guard const lock(mutex_);
    return made_;
}

asio::awaitable<bool> GrowingBlob::wait_for(std::uint64_t bytes) {
    boost::system::error_code ignored;
    for (;;) {
        {
            std::lock_guard const lock(mutex_);
            if (made_ >= bytes || ended_) co_return made_ >= bytes;
        }
        co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

ByteSpan GrowingBlob::waiting_at(std::uint64_t offset) const {
    std::lock_guard const lock(mutex_);
    for (Batch const& batch : waiting_) {
        if (offset >= batch.at && offset - batch.at < batch.bytes.size())
            return ByteSpan(batch.bytes).subspan(static_cast<std::size_t>(offset - batch.at));
    }
    return {};
}

void GrowingBlob::release(std::uint64_t offset) {
    {
        std::lock_guard const lock(mutex_);
        wanted_from_ = std::max(wanted_from_, offset);
        while (!waiting_.empty() &&
               waiting_.front().at + waiting_.front().bytes.size() <= wanted_from_) {
            bool const used_again = spare_.size() < spare_buffers && made_ < bytes_;
            if (used_again) {
                spare_.push_back(std::move(waiting_.front().bytes));
                spare_.back().clear();
            }
            waiting_.pop_front();
        }
        if (made_ == bytes_) spare_.clear();
    }
    room_.notify_one();
}

void GrowingBlob::leave() {
    {
        std::lock_guard const lock(mutex_);
        by_file_ = true;
        waiting_.clear();
        spare_.clear();
    }
    room_.notify_one();
}

std::shared_ptr<UniqueFd> GrowingBlob::file_with(std::uint64_t offset) const {
    std::lock_guard const lock(mutex_);
    return offset >= file_from_ ? file_ : nullptr;
}

}  // namespace satchel::transfer
