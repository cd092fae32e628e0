// Where a part lies, said twice: GMime's offsets count only where the message's own boundary lines
// agree with them.
#pragma once

#include <cstdint>
#include <optional>

#include "mailgw/boundary_scan.h"
#include "mailgw/mime_outline.h"
#include "src/base/result.h"

namespace satchel::mailgw {

struct PartRange {
    std::uint64_t begin = 0;  ///< of the header block
    std::uint64_t body_begin = 0;
    std::uint64_t end = 0;  ///< the end of line before the boundary is not in it

    std::uint64_t body_bytes() const { return end - body_begin; }
};

/// Octets of the end of line that stands before `at`; 0 if none does.
Result<std::uint64_t> eol_octets_before(int fd, std::uint64_t at);

/// None where the two disagree. Fails only when the file can't be read.
Result<std::optional<PartRange>> certain_range(int fd, OutlinePart const& part,
                                               MessageOutline const& outline,
                                               BoundaryScan const& boundaries);

/// True if every multipart around the part has its closing boundary after the part.
bool is_closed(OutlinePart const& part, MessageOutline const& outline,
               BoundaryScan const& boundaries);

}  // namespace satchel::mailgw
