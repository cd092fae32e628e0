// A blob that is being made, for whoever sends what there is of it meanwhile. Owner's thread.
#pragma once

#include <cstdint>
#include <memory>

#include "src/base/asio.h"
#include "src/base/unique_fd.h"

namespace satchel::transfer {

class GrowingBlob {
public:
    /// `bytes`: what it will have in the end.
    GrowingBlob(asio::any_io_executor const& executor, std::uint64_t bytes);

    std::uint64_t bytes() const { return bytes_; }

    /// Null before the first bytes are there.
    std::shared_ptr<UniqueFd> const& file() const { return file_; }

    std::uint64_t written() const { return written_; }

    void grow_to(std::shared_ptr<UniqueFd> file, std::uint64_t bytes);

    /// No more will come.
    void end();

    /// Until so many bytes are there. False: they never will be.
    asio::awaitable<bool> wait_for(std::uint64_t bytes);

private:
    std::uint64_t bytes_;
    std::shared_ptr<UniqueFd> file_;
    std::uint64_t written_ = 0;
    bool ended_ = false;
    asio::steady_timer changed_;
};

}  // namespace satchel::transfer
