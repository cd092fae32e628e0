// Bounds of the control protocol: what a stranger may cost us. Time-outs and counts are a value, so
// that tests can shorten them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "src/core/limits.h"

namespace satchel::transfer::control_limits {

inline constexpr std::size_t head_bytes = 8 * 1024;  ///< a request or answer, without its body
inline constexpr std::size_t layer_bytes = 8 * 1024 * 1024;  ///< 1 TiB in 4 MiB pieces
inline constexpr std::size_t small_answer_bytes = 16 * 1024;
inline constexpr std::size_t reach_bytes = 4 * 1024;
inline constexpr std::size_t waiting_offers = 64;
inline constexpr std::size_t waiting_bytes = waiting_offers * (limits::offer_bytes + 16) + 16;
inline constexpr std::size_t holdings_at_once = 128;
inline constexpr std::size_t holdings_bytes =
    holdings_at_once * (limits::label_bytes + limits::address_octets + 128) + 128;
inline constexpr std::size_t predecessors = 4;  ///< older keys that speak for a new one
inline constexpr std::size_t enroll_bytes = 2 * 1024;
inline constexpr std::size_t records_at_once = 8;
inline constexpr std::size_t records_bytes =
    records_at_once * (limits::storage_record_bytes + 8) + 512;
inline constexpr std::size_t line_orders = 16;
inline constexpr std::size_t order_bytes = 512;
inline constexpr std::size_t gaps_at_once = 128;  ///< told of, and filled by one request
inline constexpr std::size_t reason_octets = 512;
inline constexpr std::size_t code_octets = 64;
inline constexpr std::size_t body_chunk_bytes = 512 * 1024;    ///< read, hashed and written at once
inline constexpr std::size_t roomless_body_bytes = 16 * 1024;  ///< longer ones need room: BodyRoom
inline constexpr std::uint64_t swarm_bytes_min = 1024 * 1024;
static_assert(swarm_bytes_min > limits::inline_blob_bytes);

}  // namespace satchel::transfer::control_limits

namespace satchel::transfer {

class Traffic;

/// What goes on: at least so many bytes within so long, whenever they come. Also a line of 1 KB/s
/// keeps to this one; who lets a byte trickle now and then does not.
struct Pace {
    std::chrono::milliseconds patience{30'000};
    std::uint64_t bytes_min = 16 * 1024;
};

/// Of requests whose bodies are read whole, on all connections together.
struct BodyRoomLimits {
    std::size_t bytes = std::size_t{3} * 1024 * 1024;
    std::size_t bytes_per_caller = bytes / 2;  ///< one IP address
    std::chrono::milliseconds waiting{20'000};
    std::chrono::milliseconds stall{2'000};  ///< nothing noted for so long, while others wait
};

/// Of a gateway where nodes meet that can't be dialled.
struct RelayLimits {
    std::size_t meetings = 64;  ///< waited for and under way
    std::size_t meetings_per_caller = 8;
    std::size_t meetings_per_address = 16;    ///< of callers
    std::size_t meetings_per_called = 8;      ///< so that a flood for one leaves room for others
    std::chrono::milliseconds meet{10'000};   ///< from the token to both being there
    std::chrono::milliseconds idle{120'000};  ///< nothing said by either
};

struct ServerLimits {
    std::size_t connections = 1'024;
    std::size_t connections_per_address = 256;  ///< one IP address: many nodes may share it
    std::size_t connections_per_node = 64;      ///< one TLS key
    std::size_t uploads = 256;                  ///< reservations under way
    std::size_t uploads_per_node = 32;
    std::size_t offers = 2'048;  ///< remembered until they expire
    std::size_t offers_per_node = 512;
    std::size_t offers_bytes = std::size_t{4} * 1024 * 1024;  ///< their labels and grants
    std::size_t offers_bytes_per_node = offers_bytes / 4;
    std::chrono::milliseconds handshake{10'000};
    std::chrono::milliseconds head{10'000};   ///< from its first byte to its end
    std::chrono::milliseconds idle{120'000};  ///< between requests
    std::chrono::milliseconds small_body{30'000};
    std::chrono::milliseconds chunk{120'000};      ///< one body chunk: at least 4 KiB/s
    std::chrono::milliseconds swarm_start{5'000};  ///< then who invited hears that it takes longer
    std::chrono::milliseconds line{20'000};        ///< a line is held so long, then asked for again
    std::chrono::milliseconds linger{1'000};       ///< so that a refusal is read before we hang up
    std::chrono::milliseconds drain{1'000};        ///< what requests under way get at a stop
    std::chrono::seconds upload_idle{60};          ///< an upload nobody feeds loses its reservation
    std::chrono::seconds takeover_idle{5};  ///< to the same sender's next offer of it, sooner
    BodyRoomLimits bodies{};
    RelayLimits relay{};
    std::shared_ptr<Traffic> traffic{};  ///< shared with the node's client; none: its own
};

struct ClientLimits {
    std::size_t connections_per_node = 16;     ///< requests beyond them wait their turn
    std::size_t bulk_per_node = 8;             ///< of these, for blobs
    std::chrono::milliseconds connect{3'000};  ///< each endpoint
    std::chrono::milliseconds handshake{5'000};
    std::chrono::milliseconds meet{10'000};     ///< until the other side is at the gateway
    std::chrono::milliseconds answer{30'000};   ///< head of an answer, once the request is out
    std::chrono::milliseconds finish{300'000};  ///< same, after a blob; see finish_for()
    std::chrono::milliseconds chunk{120'000};   ///< of what is sent
    Pace pace{};                                ///< of the body of an answer
    std::chrono::milliseconds idle{60'000};     ///< then the connection is closed
    std::shared_ptr<Traffic> traffic{};         ///< shared with the node's server; none: its own

    /// Some MiB of what was sent may still be on their way, over a slow line. And for hashing and
    /// syncing: also a slow disk writes 4 MiB a second.
    std::chrono::milliseconds finish_for(std::uint64_t blob_bytes) const {
        return finish + std::chrono::seconds(blob_bytes / (4 * 1024 * 1024));
    }
};

}  // namespace satchel::transfer
