// Who may join a torrent: the peers of its transfer. The session's filter knows the addresses of
// all transfers under way, so it alone would let a peer of one into another.
#pragma once

#include <memory>
#include <vector>

#include <libtorrent/extensions.hpp>

#include "transfer/swarm.h"

namespace satchel::transfer {

/// To be added to one torrent: hangs up on whoever is at none of these addresses, before anything
/// is said to them. On libtorrent's thread.
std::shared_ptr<lt::torrent_plugin> gate_for(std::vector<SwarmPeer> const& peers);

}  // namespace satchel::transfer
