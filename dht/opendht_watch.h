// Tells of new values at a key of OpenDHT, within bounds.
#pragma once

#include <memory>

#include "dht/location_service.h"

namespace satchel::location {

class OpendhtNode;

/// What LocationService::watch promises.
std::unique_ptr<Watch> watch_at(std::shared_ptr<OpendhtNode> const& node, WatchRequest request);

}  // namespace satchel::location
