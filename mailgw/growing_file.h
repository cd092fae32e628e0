// A file that one thread still writes and another already reads: the reader waits for what is not
// there yet.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/base/unique_fd.h"

namespace satchel::mailgw {

class GrowingFile {
public:
    explicit GrowingFile(UniqueFd fd)
        : fd_(std::move(fd)) {}

    /// The writer has written so many bytes.
    void grown_to(std::uint64_t bytes);
    /// And no more will come.
    void complete();
    /// Nobody needs it any more, if it is not complete by now: what waits, fails.
    void abandon();

    /// Waits until all of `out` can be read, or the file is complete: then fewer, as read_at().
    /// Fault::unavailable once it was abandoned. One reader.
    Result<std::size_t> read(std::span<Byte> out, std::uint64_t offset);

    /// Of what is there already.
    int fd() const { return fd_.get(); }

private:
    UniqueFd fd_;
    std::mutex mutex_;  ///< guards what follows
    std::condition_variable changed_;
    std::uint64_t bytes_ = 0;
    std::uint64_t awaited_ = 0;  ///< bytes without which the reader need not be woken
    bool complete_ = false;
    bool abandoned_ = false;
};

}  // namespace satchel::mailgw
