// The port to the DHT: put a signed record where it belongs, fetch one exact slot of a key.
// Everything runs on the thread of the owner's io_context; the service and what waits for it are
// destroyed only after that io_context has stopped running.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "src/base/asio.h"
#include "src/base/result.h"
#include "src/core/endpoint.h"
#include "src/core/record_envelope.h"

namespace satchel::location {

/// Names one exact value in the DHT. A reader asks for it, a storing node checks a record against
/// it.
struct RecordPlace {
    DhtKey key;
    RecordKind kind = RecordKind::storage;
    std::uint64_t slot = 0;  ///< OpenDHT value id: slot_id() of the slot's owner

    friend auto operator<=>(RecordPlace const&, RecordPlace const&) = default;
};

/// What a reader makes of an envelope that is valid by itself (check_record). An Error passes it
/// over. Must not call the service.
using Judge = std::function<Status(RecordEnvelope const&)>;

enum class Source {
    anywhere,  ///< a copy that this node stores counts too
    network,   ///< other nodes' copies alone: is our record really out there?
};

struct FetchRequest {
    RecordPlace place;
    Judge judge;  ///< none: every valid envelope counts
    Source source = Source::anywhere;
    std::chrono::milliseconds patience{10'000};
};

/// For a key whose slots nobody knows beforehand: a `first-seen` lookup, a node's own inbox.
struct CollectRequest {
    DhtKey key;
    RecordKind kind = RecordKind::storage;
    std::size_t values_max = 256;  ///< strangers may put as many as they like
    std::chrono::milliseconds patience{10'000};
};

struct WatchRequest {
    DhtKey key;
    RecordKind kind = RecordKind::pull_notice;
    std::function<void(RecordEnvelope const&)> on_record;  ///< owner's thread; may call the service
    std::size_t values_per_minute = 512;                   ///< that are looked at
};

/// Ends when it is destroyed.
class Watch {
public:
    Watch() = default;
    Watch(Watch const&) = delete;
    Watch& operator=(Watch const&) = delete;
    virtual ~Watch() = default;
};

struct PutReport {
    unsigned neighbours = 0;  ///< nodes the put was sent to; 0: kept on this node alone so far
};

struct LocationStats {
    unsigned good_nodes = 0;   ///< neighbours that answered lately
    unsigned known_nodes = 0;  ///< good ones and those not asked lately
    std::size_t stored_values = 0;
    bool joined = false;  ///< well connected, or alone with nobody to join
    /// Addresses of this machine as its neighbours report them, the one that most say first. Some
    /// of them may lie.
    std::vector<std::string> seen_ips{};
};

class LocationService {
public:
    LocationService() = default;
    LocationService(LocationService const&) = delete;
    LocationService& operator=(LocationService const&) = delete;
    virtual ~LocationService() = default;

    /// Puts a record at its own place, on this node and on the nodes near its key, once. It stays
    /// there for the TTL of its kind: putting it again in time is the caller's job. Success says
    /// little of how many copies there are. Faults: what check_record says of an invalid record;
    /// refused, when this node knows a newer one; unavailable, when no neighbour is there to take
    /// it (this node keeps it all the same); timed_out.
    virtual asio::awaitable<Result<PutReport>> put(RecordEnvelope record,
                                                   std::chrono::milliseconds patience) = 0;

    /// The first record that `judge` accepts, or a newer one that comes within a grace of max(30
    /// ms, 1.5 round trips). Faults: not_found, when the nodes near the key were asked three times
    /// and none has it; the judge's last Error, when it passed over all there was; unavailable or
    /// timed_out, when nobody could be asked, which says nothing of the record.
    virtual asio::awaitable<Result<RecordEnvelope>> fetch(FetchRequest request) = 0;

    /// The valid records of one kind at one key, the newest of each slot, in no order; at most
    /// `values_max`, and never more work than a small multiple of that, whatever lies there: then
    /// some are left out. An empty list: the nodes near the key were asked and know none. What was
    /// found until the patience ended is no fault. Faults: unavailable or timed_out, when nobody
    /// could be asked.
    virtual asio::awaitable<Result<std::vector<RecordEnvelope>>> collect(
        CollectRequest request) = 0;

    /// Tells of each valid record of one kind at a key, of those that lie there and of new ones as
    /// they come, until the watch is destroyed or the service stops. Best effort, for kinds that
    /// are never edited: nodes don't tell of edits, a record may be told twice, and in a flood
    /// some are left out. So collect() now and then, too.
    virtual std::unique_ptr<Watch> watch(WatchRequest request) = 0;

    /// More nodes to begin with, learnt since the start. Those that are known already stay.
    virtual void call(std::vector<Endpoint> peers) = 0;

    /// Does a DHT node answer there, within a few seconds?
    virtual asio::awaitable<bool> answers(Endpoint peer) = 0;

    virtual LocationStats stats() const = 0;

    /// Ends all that waits (Fault::unavailable) and leaves the network. Idempotent.
    virtual void stop() = 0;
};

}  // namespace satchel::location
