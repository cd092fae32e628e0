// Enumerates a key of OpenDHT within bounds.
#pragma once

#include <memory>
#include <vector>

#include "dht/location_service.h"

namespace satchel::location {

class OpendhtNode;

/// What LocationService::collect promises.
asio::awaitable<Result<std::vector<RecordEnvelope>>> collect_from(std::shared_ptr<OpendhtNode> node,
                                                                  CollectRequest request);

}  // namespace satchel::location
