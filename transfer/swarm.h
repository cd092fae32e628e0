// The port to a swarm: nodes that get the same blob pass its pieces on to each other, so that a
// sender's uplink carries it about once. All calls and events on the owner's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/base/result.h"
#include "src/base/unique_fd.h"
#include "src/core/content_id.h"
#include "src/core/endpoint.h"

namespace satchel::transfer {

/// Another node in the same swarm, from a signed offer: dialled there, and let in from there.
struct SwarmPeer {
    std::vector<Endpoint> endpoints;  ///< at most 4

    friend bool operator==(SwarmPeer const&, SwarmPeer const&) = default;
};

/// Which pieces a receiver asks the sender for first: those whose index is `index` modulo `of`, so
/// that no two ask for the same, and each has something that the others want.
struct SwarmShare {
    std::uint32_t index = 0;
    std::uint32_t of = 1;

    friend bool operator==(SwarmShare const&, SwarmShare const&) = default;
};

struct SwarmJob {
    ContentId content_id;
    std::uint64_t size = 0;           ///< bytes
    std::shared_ptr<UniqueFd> layer;  ///< a file with the piece layer (32 bytes a piece), verified
    std::vector<SwarmPeer> peers;     ///< nobody else may connect
    SwarmShare share;
    std::vector<bool> have;           ///< by piece: what `kept` has; as many as there are pieces
    std::shared_ptr<UniqueFd> kept;   ///< only read; null where nothing is there yet
    std::shared_ptr<UniqueFd> fresh;  ///< the pieces that come, at their place; null for a seed
};

struct SwarmEvents {
    /// The others can connect now.
    std::function<void()> ready;
    /// A piece is in `fresh`. It is right if the swarm tells the truth: who keeps it checks it.
    std::function<void(std::uint64_t index)> piece;
    /// A peer sent wrong bytes, and is not talked to any more.
    std::function<void(std::string const& ip, std::string const& why)> dropped;
    /// The job is over, and nothing more of it comes.
    std::function<void(Error)> failed;
};

/// Bytes a second, 0: as fast as they can.
struct SwarmRates {
    std::uint64_t upload = 0;
    std::uint64_t download = 0;

    friend bool operator==(SwarmRates const&, SwarmRates const&) = default;
};

struct SwarmTraffic {
    std::uint64_t sent = 0;      ///< bytes of blobs
    std::uint64_t received = 0;  ///< likewise
    std::uint64_t peers = 0;     ///< connected now

    friend bool operator==(SwarmTraffic const&, SwarmTraffic const&) = default;
};

using SwarmJobId = std::uint64_t;

class Swarm {
public:
    virtual ~Swarm() = default;

    /// Where it listens; none while it is away.
    virtual std::optional<Endpoint> listening() const = 0;

    /// Fault::unavailable: it is away. Events come later, never from within, until stop().
    virtual Result<SwarmJobId> start(SwarmJob job, SwarmEvents events) = 0;

    /// Tries at once to connect to the job's peers that it is not connected to: they are ready now.
    virtual void dial(SwarmJobId id) = 0;

    /// Ends a job; its files are closed. Unknown ids are ignored.
    virtual void stop(SwarmJobId id) = 0;

    virtual void set_rates(SwarmRates const& rates) = 0;
    virtual SwarmTraffic traffic() const = 0;
};

}  // namespace satchel::transfer
