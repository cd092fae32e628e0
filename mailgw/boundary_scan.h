// Finds the boundary lines of a message by its bytes alone. It is the second opinion against which
// GMime's offsets are checked, and the bound on what GMime, which keeps header blocks, preambles
// and epilogues in memory, is given to read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/base/result.h"

namespace satchel::mailgw {

/// A line that separates the parts of a multipart (RFC 2046 §5.1.1).
struct BoundaryLine {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;     ///< one past its end of line
    std::size_t boundary = 0;  ///< index into BoundaryScan::boundaries
    bool closing = false;
};

struct BoundaryScan {
    std::vector<std::string> boundaries;  ///< as declared, without the two dashes, each once
    std::vector<BoundaryLine> lines;      ///< in order of the file
    bool repeated = false;                ///< two multiparts declare the same boundary
    std::string trouble;                  ///< why nothing may be concluded; "" if all is well
};

inline constexpr std::size_t boundary_lines_max = 4096;
inline constexpr std::size_t structure_bytes_max = 4 * 1024 * 1024;  ///< all that is not content

/// One pass over the file, flat memory. Fails only when the file can't be read.
Result<BoundaryScan> scan_boundaries(int fd);

}  // namespace satchel::mailgw
