// A blob on its way from the thread that makes it to the one that sends it: batch by batch from
// memory as long as they keep pace, and else by a file that the maker writes. What went from memory
// stands nowhere, which spares a large blob half its cost, and room on the disk.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "src/base/asio.h"
#include "src/base/bytes.h"
#include "src/base/unique_fd.h"

namespace satchel::transfer {

class GrowingBlob : public std::enable_shared_from_this<GrowingBlob> {
public:
    /// `bytes`: what it will have in the end. `window`: bytes that may wait in memory; 0: all goes
    /// by the file. Sender's thread.
    GrowingBlob(asio::any_io_executor const& executor, std::uint64_t bytes, std::size_t window = 0);

    std::uint64_t bytes() const { return bytes_; }

    /// Takes the next batch into memory, and leaves an empty buffer in its place; waits while there
    /// is no room. False: the sender is slow, or has left. This batch and all that follow must go
    /// by the file then. Maker's thread.
    bool take(Bytes& batch);

    /// So much is made, and from where take() said no it stands in the file. Any thread.
    void stands_in(std::shared_ptr<UniqueFd> file, std::uint64_t made);

    /// No more will come. Any thread.
    void end();

    /// Any thread.
    std::uint64_t made() const;

    /// Until so much is made. False: it never will be. Sender's thread, as all that follows.
    asio::awaitable<bool> wait_for(std::uint64_t bytes);

    /// What waits in memory from there on, to the end of its batch; empty: nothing does. Stays
    /// until it is released.
    ByteSpan waiting_at(std::uint64_t offset) const;

    /// Nothing before this is wanted any more.
    void release(std::uint64_t offset);

    /// Nothing at all is.
    void leave();

    /// Null where this byte does not stand in one.
    std::shared_ptr<UniqueFd> file_with(std::uint64_t offset) const;

private:
    struct Batch {
        std::uint64_t at = 0;
        Bytes bytes;
    };

    std::size_t waiting_bytes() const;
    void tell_sender();

    asio::any_io_executor executor_;
    std::uint64_t const bytes_;
    std::size_t const window_;
    asio::steady_timer changed_;
    mutable std::mutex mutex_;  ///< guards what follows
    std::condition_variable room_;
    std::deque<Batch> waiting_;
    std::vector<Bytes> spare_;  ///< empty buffers
    std::shared_ptr<UniqueFd> file_;
    std::uint64_t file_from_ = 0;  ///< first byte that stands in the file
    std::uint64_t made_ = 0;
    std::uint64_t wanted_from_ = 0;
    std::chrono::nanoseconds grace_;  ///< that the maker still waits
    bool by_file_;
    bool ended_ = false;
};

}  // namespace satchel::transfer
