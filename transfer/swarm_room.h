// What a node has for swarms: the swarm itself, room for what it brings, and whom it may talk to.
#pragma once

#include <filesystem>
#include <functional>

#include "src/core/endpoint.h"
#include "transfer/swarm.h"

namespace satchel::transfer {

struct SwarmRoom {
    Swarm* swarm = nullptr;        ///< it outlives the room
    std::filesystem::path folder;  ///< of files that swarms fill, beside the blob store's own
    std::function<bool(Endpoint const&)> may_dial;
};

}  // namespace satchel::transfer
