// What swarms have left in their folder. While somebody goes on with a blob its file is in use;
// else it may save bytes later, and must not fill the disk until then: no quota counts it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>

#include "src/core/content_id.h"

namespace satchel::transfer {

struct LeftoverRule {
    std::set<ContentId> in_use;
    std::function<bool(ContentId const&)> is_held;  ///< the blob came whole in some way
    std::uint64_t bytes_max = 0;                    ///< of all that is not in use
};

/// As much as they leave free.
std::uint64_t room_for_leftovers(std::filesystem::path const& folder);

/// Removes files of blobs that are held, those that nobody has opened or written to for a day, and
/// beyond the bound those that were left longest. Blocks.
void remove_leftovers(std::filesystem::path const& folder, LeftoverRule const& rule);

}  // namespace satchel::transfer
