// The socket to a next hop: blocking calls, each with a deadline, each ended by a StopSignal.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

#include "mailgw/stop_signal.h"
#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/base/unique_fd.h"

namespace satchel::mailgw {

/// One thread. Errors: Fault::unavailable, or timed_out.
class HopSocket {
public:
    using Deadline = std::chrono::steady_clock::time_point;

    /// Tries the addresses of `host` in turn.
    static Result<HopSocket> connect(std::string const& host, std::uint16_t port, Deadline deadline,
                                     StopSignal const& stop);

    /// A UNIX-domain stream socket.
    static Result<HopSocket> connect(std::string const& path, StopSignal const& stop);

    Status send(ByteSpan bytes, Deadline deadline);

    /// What has come, at least one octet; 0 at the end.
    Result<std::size_t> receive(std::span<Byte> into, Deadline deadline);

private:
    HopSocket(UniqueFd fd, StopSignal const& stop)
        : fd_(std::move(fd))
        , stop_(&stop) {}

    UniqueFd fd_;
    StopSignal const* stop_;
};

}  // namespace satchel::mailgw
