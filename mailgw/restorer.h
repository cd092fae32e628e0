// Puts detached parts back: from a message with placeholders to the original, byte for byte.
// DESIGN.md section 6, "Restoring".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mailgw/body_rebuilder.h"
#include "mailgw/content_source.h"
#include "src/base/error.h"
#include "src/base/result.h"
#include "src/core/content_id.h"

namespace satchel::mailgw {

enum class RestoreState {
    exact,        ///< below what was prepended in transit stands the original
    parts_exact,  ///< every part is as it was; something around them was changed in transit
    partial       ///< some placeholders stay as they are
};

/// "exact", "parts-exact", "partial"
char const* to_string(RestoreState state);

struct RestoredPart {
    std::optional<ContentId> content_id;  ///< none where the placeholder can't be understood
    std::string name;                     ///< as the placeholder shows it, unverified
    std::uint64_t bytes = 0;              ///< of the content, 0 where nobody can tell
    std::optional<Error> trouble;         ///< why its placeholder stays; none: it is back
};

struct Restored {
    RestoreState state = RestoreState::exact;
    std::vector<RestoredPart> parts;  ///< one for each placeholder, in order of the file
};

/// Reads the message from `fd`, and hands the result to `out` in CR LF form. `scratch` is an empty
/// file for the contents, as large as they are together. Memory stays flat. Parts are found by the
/// field in their header; a part counts only if its content and its body have the digests that its
/// own sealed restore data tell; any other keeps its placeholder. Fails only where message or
/// output fail: then what was handed out is not whole.
Result<Restored> restore_message(int fd, ContentSource& source, int scratch, OctetSink const& out);

}  // namespace satchel::mailgw
