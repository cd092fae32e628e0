// Keeps our own records alive in the DHT: puts each again on time, more often while the node is
// still finding neighbours, and reads it back now and then, because a put that succeeded says
// little.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>

#include "dht/location_service.h"
#include "src/base/event_log.h"
#include "src/base/randomness.h"

namespace satchel::location {

/// The current version of a record: the same bytes as before, or a newer one.
using Renew = std::function<Result<RecordEnvelope>()>;

/// Owner's thread.
class RecordKeeper {
public:
    RecordKeeper(asio::io_context& owner, LocationService& service, Randomness& randomness,
                 EventLog const& log);
    ~RecordKeeper();

    /// Puts the record soon, and from then on at least every `period`, with jitter. Replaces what
    /// was kept at that place.
    void keep(RecordPlace const& place, std::chrono::seconds period, Renew renew);

    /// What is out there lives on until its TTL.
    void forget(RecordPlace const& place);

    /// Puts the current version at once; the answer is that of the put. Each node near the key that
    /// has died lately holds a put up for three seconds, so that what somebody waits for deserves
    /// more patience than what is put again anyway.
    asio::awaitable<Result<PutReport>> put_now(RecordPlace place,
                                               std::chrono::milliseconds patience);

    void stop();

private:
    struct Kept;

    asio::awaitable<void> keep_alive(std::shared_ptr<Kept> kept);
    asio::awaitable<Result<PutReport>> put(std::shared_ptr<Kept> kept,
                                           std::chrono::milliseconds patience);
    asio::awaitable<void> read_back(std::shared_ptr<Kept> kept);
    double chance();  ///< in [0, 1)

    asio::io_context& owner_;
    LocationService& service_;
    Randomness& randomness_;
    EventLog const& log_;
    std::map<RecordPlace, std::shared_ptr<Kept>> kept_;
};

}  // namespace satchel::location
