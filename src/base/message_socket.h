// A pair of connected sockets between two processes of this machine that keeps messages apart
// (SOCK_SEQPACKET) and hands over open files with them (unix(7), SCM_RIGHTS).
#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/base/unique_fd.h"

namespace satchel {

struct SocketMessage {
    Bytes bytes;
    std::vector<UniqueFd> files;  ///< at most socket_files_max
};

inline constexpr std::size_t socket_files_max = 4;

/// Both ends, closed on exec and non-blocking.
Result<std::pair<UniqueFd, UniqueFd>> message_socket_pair();

/// Fault::timed_out: the other side does not keep up, nothing was sent. Fault::unavailable: it is
/// gone. The files stay open here.
Status send_message(int fd, ByteSpan bytes, std::span<int const> files = {});

/// The next message, or none where none has come yet. Fault::unavailable: the other side is gone.
/// Fault::too_large: over `max_bytes`, or with more files than are taken; it is lost then.
Result<std::optional<SocketMessage>> receive_message(int fd, std::size_t max_bytes);

}  // namespace satchel
