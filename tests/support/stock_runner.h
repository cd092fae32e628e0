// A stock OpenDHT client: DhtRunner with its own thread and its signed values, as Debian ships it.
#pragma once

#include <memory>
#include <vector>

#include "dht/location_service.h"
#include "src/core/endpoint.h"

namespace satchel::testing {

class StockRunner {
public:
    StockRunner(std::uint32_t network, std::vector<Endpoint> const& peers);
    ~StockRunner();
    StockRunner(StockRunner const&) = delete;
    StockRunner& operator=(StockRunner const&) = delete;

    enum class Signed { no, by_its_own_key };

    /// Begins to put; the value id is the place's slot, `type` any of OpenDHT's.
    void put(location::RecordPlace const& place, std::uint16_t type, Bytes const& bytes,
             Signed how = Signed::no);

    /// Falls when OpenDHT is through with a put.
    unsigned unfinished() const;
    unsigned good_nodes() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace satchel::testing
