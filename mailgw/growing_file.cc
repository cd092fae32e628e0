#include "mailgw/growing_file.h"

namespace satchel::mailgw {

void GrowingFile::grown_to(std::uint64_t bytes) {
    std::lock_guard const guard(mutex_);
    bytes_ = bytes;
    if (awaited_ != 0 && bytes_ >= awaited_) changed_.notify_one();
}

void GrowingFile::complete() {
    std::lock_guard const guard(mutex_);
    complete_ = true;
    changed_.notify_one();
}

void GrowingFile::abandon() {
    std::lock_guard const guard(mutex_);
    abandoned_ = true;
    changed_.notify_one();
}

Result<std::size_t> GrowingFile::read(std::span<Byte> out, std::uint64_t offset) {
    {
        std::unique_lock lock(mutex_);
        awaited_ = offset + out.size();
        changed_.wait(lock, [this] { return abandoned_ || complete_ || bytes_ >= awaited_; });
        awaited_ = 0;
        if (abandoned_) return fail(Fault::unavailable, "not needed any more");
    }
    return read_at(fd_.get(), out, offset);
}

}  // namespace satchel::mailgw
