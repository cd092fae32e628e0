// The secret that seals this node's presence: who reads the storage record may read it.
#pragma once

#include "src/base/randomness.h"
#include "src/core/home.h"
#include "src/core/storage_record.h"

namespace satchel::node {

/// Made once per home, in `keys/presence.secret`. Fault::config where the file is damaged.
Result<PresenceSecret> presence_secret_of(Home const& home, Randomness& randomness);

}  // namespace satchel::node
