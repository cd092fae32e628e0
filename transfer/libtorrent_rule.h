// The torrent of a blob, by rule (DESIGN: section 5, "Naming"), and how libtorrent is set for it.
#pragma once

#include <memory>

#include <libtorrent/settings_pack.hpp>
#include <libtorrent/torrent_info.hpp>

#include "transfer/swarm.h"

namespace satchel::transfer {

/// Version 2, private. Null where layer and id differ.
std::shared_ptr<lt::torrent_info> torrent_of(SwarmJob const& job);

/// Why each is as it is: docs/swarm.md.
lt::settings_pack settings_for(Endpoint const& listen);

}  // namespace satchel::transfer
