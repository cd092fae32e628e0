// The location service on OpenDHT: `dht::Dht` driven on the owner's thread, hardened as
// DESIGN.md section 4 asks: every value type but ours is refused, every record is verified before
// it is stored and again before it is believed.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "dht/datagram_fate.h"
#include "dht/location_service.h"
#include "src/base/clock.h"
#include "src/base/event_log.h"
#include "src/base/randomness.h"
#include "src/core/endpoint.h"

namespace satchel::location {

class OpendhtNode;

struct OpendhtOptions {
    Endpoint listen;                     ///< port 0 picks one; `[::]` listens on IPv4 too
    std::vector<Endpoint> bootstrap;     ///< none, and no peers in the state file: a lone node
    std::uint32_t network = 7473;        ///< nodes of other networks are not talked to
    std::filesystem::path state_file;    ///< node id and peers; empty: forgotten at the end
    std::size_t store_bytes = 64 << 20;  ///< of others' records, in memory
    /// Whether a loopback address has but one source's share of an inbox. On loopback all
    /// neighbours are behind one.
    bool counts_loopback = false;
    DatagramFate fate;  ///< none: every datagram leaves at once
};

class OpendhtLocationService final : public LocationService {
public:
    /// Binds the socket and begins to join the network; does not wait for it. All references must
    /// outlive the service. Takes about 45 ms of CPU and 11 MB (the table of refused types).
    static Result<std::unique_ptr<OpendhtLocationService>> start(asio::io_context& owner,
                                                                 OpendhtOptions options,
                                                                 Clock const& clock,
                                                                 Randomness& randomness,
                                                                 EventLog const& log);
    ~OpendhtLocationService() override;

    asio::awaitable<Result<PutReport>> put(RecordEnvelope record,
                                           std::chrono::milliseconds patience) override;
    asio::awaitable<Result<RecordEnvelope>> fetch(FetchRequest request) override;
    asio::awaitable<Result<std::vector<RecordEnvelope>>> collect(CollectRequest request) override;
    std::unique_ptr<Watch> watch(WatchRequest request) override;
    void call(std::vector<Endpoint> peers) override;
    asio::awaitable<bool> answers(Endpoint peer) override;
    LocationStats stats() const override;
    /// Writes the state file, too.
    void stop() override;

    /// Where it listens, with the port that was picked.
    Endpoint listening() const;

private:
    explicit OpendhtLocationService(std::shared_ptr<OpendhtNode> node);

    std::shared_ptr<OpendhtNode> node_;
};

}  // namespace satchel::location
