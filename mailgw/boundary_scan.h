// Finds the boundary lines of a message by its bytes alone. It is the second opinion against which
// GMime's offsets are checked, and the bound on what GMime, which keeps header blocks, preambles
// and epilogues in memory, is given to read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mailgw/file_gaps.h"
#include "mailgw/line_reader.h"
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
    /// Whole lines inside large contents that are neither text nor structure: whoever looks for
    /// parts need not read them.
    FileGaps dull;
    bool repeated = false;  ///< two multiparts declare the same boundary
    std::string trouble;    ///< why nothing may be concluded; "" if all is well
};

inline constexpr std::size_t boundary_lines_max = 4096;
inline constexpr std::uint64_t dull_bytes_min = 1024 * 1024;
inline constexpr std::size_t structure_bytes_max = 1024 * 1024;  ///< all that is not content
/// Of all header blocks together. GMime takes some 600 bytes for each, however short.
inline constexpr std::size_t header_fields_max = 10'000;

/// One pass over the file, flat memory. Fails only when the file can't be read.
Result<BoundaryScan> scan_boundaries(int fd);

/// Told of a scan while it goes on, in order of the file.
class BoundaryObserver {
public:
    BoundaryObserver() = default;
    BoundaryObserver(BoundaryObserver const&) = delete;
    BoundaryObserver& operator=(BoundaryObserver const&) = delete;
    virtual ~BoundaryObserver() = default;

    /// The content of a leaf part begins there, as base64 if its header says so.
    virtual void content_begins(std::uint64_t at, bool base64) = 0;
    virtual void line_found(BoundaryLine const& line) = 0;
    /// What lies before was told of; asked for what follows next.
    virtual void scanned_to(std::uint64_t position) = 0;
};

/// The same, of the file `fd`, all of which comes through `read` as it grows.
Result<BoundaryScan> scan_boundaries(int fd, ReadAt read, BoundaryObserver& observer);

}  // namespace satchel::mailgw
