#include "mailgw/part_range.h"

#include <algorithm>
#include <array>

#include "src/base/unique_fd.h"

namespace satchel::mailgw {

namespace {

std::string const& boundary_of(BoundaryLine const& line, BoundaryScan const& boundaries) {
    return boundaries.boundaries[line.boundary];
}

}  // namespace

Result<std::uint64_t> eol_octets_before(int fd, std::uint64_t at) {
    std::array<Byte, 2> octets{};
    if (at < octets.size()) return 0;
    auto const got = read_at(fd, octets, at - octets.size());
    if (!got) return fail(got.error());
    if (*got < octets.size() || octets[1] != '\n') return 0;
    return octets[0] == '\r' ? 2 : 1;
}

Result<std::optional<PartRange>> certain_range(int fd, OutlinePart const& part,
                                               MessageOutline const& outline,
                                               BoundaryScan const& boundaries) {
    std::optional<PartRange> const uncertain;
    if (!part.parent || !part.header_begin || boundaries.repeated) return uncertain;
    std::string const& boundary = outline.multiparts[*part.parent].boundary;
    auto const& lines = boundaries.lines;
    auto const below = std::find_if(lines.begin(), lines.end(), [&](BoundaryLine const& line) {
        return line.begin >= part.body_begin;
    });
    if (below == lines.begin() || below == lines.end()) return uncertain;
    auto const above = below - 1;
    if (above->closing || above->end != *part.header_begin || part.body_begin <= above->end ||
        boundary_of(*above, boundaries) != boundary ||
        boundary_of(*below, boundaries) != boundary) {
        return uncertain;
    }
    auto const eol = eol_octets_before(fd, below->begin);
    if (!eol) return fail(eol.error());
    std::uint64_t const end = below->begin - *eol;
    // GMime is one too far where the file ends with the lower boundary: it keeps the CR.
    bool const agreed =
        *eol > 0 && end >= part.body_begin && (part.body_end == end || part.body_end == end + 1);
    if (!agreed) return uncertain;
    return std::optional(PartRange{above->end, part.body_begin, end});
}

bool is_closed(OutlinePart const& part, MessageOutline const& outline,
               BoundaryScan const& boundaries) {
    std::uint64_t after = part.body_end;
    for (auto at = part.parent; at; at = outline.multiparts[*at].parent) {
        std::string const& boundary = outline.multiparts[*at].boundary;
        if (boundary.empty()) continue;  // message/rfc822
        auto const closing = std::find_if(boundaries.lines.begin(), boundaries.lines.end(),
                                          [&](BoundaryLine const& line) {
                                              return line.closing && line.begin >= after &&
                                                     boundary_of(line, boundaries) == boundary;
                                          });
        if (closing == boundaries.lines.end()) return false;
        after = closing->end;
    }
    return true;
}

}  // namespace satchel::mailgw
