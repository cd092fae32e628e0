// The bounds of the SMTP server and client: unit in the name (RFC 5321 §4.5.3 gives the least a
// server must take, and the least a client must wait).
#pragma once

#include <chrono>
#include <cstddef>

namespace satchel::mailgw::smtp_limits {

using namespace std::chrono_literals;

// 512 octets, and what SIZE, BODY, SMTPUTF8, DSN and XFORWARD add to it.
inline constexpr std::size_t command_line_octets = 2048;
// Of a line without end: then the connection is closed.
inline constexpr std::size_t skipped_octets = 64 * 1024;
inline constexpr std::size_t reply_line_octets = 512;
inline constexpr std::size_t reply_lines = 100;
inline constexpr std::size_t domain_octets = 255;
inline constexpr std::size_t orcpt_octets = 500;  // RFC 3461 §4.2
inline constexpr std::size_t envid_octets = 100;  // RFC 3461 §4.4
inline constexpr std::size_t recipients_per_message = 1'000;
inline constexpr std::size_t errors_per_session = 20;
inline constexpr std::size_t idle_commands_per_message = 1'000;  // NOOP, RSET, VRFY and their like
inline constexpr std::size_t received_hops = 100;
inline constexpr std::size_t chunk_bytes = 64 * 1024;
static_assert(command_line_octets < chunk_bytes);
// Of a message, gathered before they go to the disk: each trip to its thread has its price.
inline constexpr std::size_t write_bytes = 3 * chunk_bytes;

inline constexpr std::size_t sessions = 400;  // two descriptors each, below the usual 1,024
inline constexpr auto idle_timeout = 5min;
// A client that ended its data the wrong way waits for a reply: told after this, not after minutes.
inline constexpr auto doubtful_end_timeout = 10s;
inline constexpr auto session_timeout = 6h;

// After a user name or password was refused.
inline constexpr auto login_pause = 10min;

inline constexpr auto connect_timeout = 30s;
inline constexpr auto reply_timeout = 5min;
inline constexpr auto data_block_timeout = 3min;
inline constexpr auto final_reply_timeout = 10min;

}  // namespace satchel::mailgw::smtp_limits
