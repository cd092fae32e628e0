// What a node and its swarm process say to each other, and the peers of a swarm as both protocols
// write them. Bytes: transfer/PROTOCOL.md, "Swarm process".
#pragma once

#include <variant>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/core/msgpack_codec.h"
#include "transfer/swarm.h"

namespace satchel::transfer {

inline constexpr std::size_t swarm_message_bytes = 64 * 1024;
inline constexpr std::size_t swarm_peers_max = 64;
inline constexpr std::size_t swarm_pieces_max = 256 * 1024;  ///< 1 TiB in pieces of 4 MiB
static_assert(swarm_pieces_max / 8 + swarm_peers_max * 4 * 24 < swarm_message_bytes);

/// The node's words.
struct StartSwarmJob {
    SwarmJobId job = 0;
    SwarmJob what;  ///< its files travel beside the message: layer, then kept, then fresh
    bool with_kept = false;
    bool with_fresh = false;
};

struct DialSwarmJob {
    SwarmJobId job = 0;
};

struct StopSwarmJob {
    SwarmJobId job = 0;
};

using SwarmOrder = std::variant<StartSwarmJob, DialSwarmJob, StopSwarmJob, SwarmRates>;

Bytes encode_swarm_order(SwarmOrder const& order);
Result<SwarmOrder> decode_swarm_order(ByteSpan bytes);

/// The process's words.
struct SwarmIsUp {
    Endpoint listening;
};

struct SwarmJobReady {
    SwarmJobId job = 0;
};

struct SwarmPieceCame {
    SwarmJobId job = 0;
    std::uint64_t index = 0;
};

struct SwarmPeerDropped {
    SwarmJobId job = 0;
    std::string ip;   ///< at most 64 octets
    std::string why;  ///< at most 200
};

struct SwarmJobFailed {
    SwarmJobId job = 0;
    std::string why;  ///< at most 200 octets
};

using SwarmWord = std::variant<SwarmIsUp, SwarmJobReady, SwarmPieceCame, SwarmPeerDropped,
                               SwarmJobFailed, SwarmTraffic>;

Bytes encode_swarm_word(SwarmWord const& word);
Result<SwarmWord> decode_swarm_word(ByteSpan bytes);

void write_swarm_peers(MsgpackWriter& out, std::vector<SwarmPeer> const& peers);
/// The array in field `key`: at most swarm_peers_max.
std::vector<SwarmPeer> read_swarm_peers(MsgpackFields& fields, std::uint64_t key);

}  // namespace satchel::transfer
