#include "mailgw/file_gaps.h"

#include <algorithm>

#include "src/base/unique_fd.h"

namespace satchel::mailgw {

void FileGaps::add(FileGap gap) {
    before_.push_back(bytes());
    gaps_.push_back(gap);
}

/// How many stand before this offset of the file without gaps.
std::size_t FileGaps::gaps_before(std::uint64_t offset) const {
    std::size_t low = 0;
    std::size_t high = gaps_.size();
    while (low < high) {
        std::size_t const middle = (low + high) / 2;
        if (gaps_[middle].begin - before_[middle] <= offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

std::uint64_t FileGaps::real(std::uint64_t offset) const {
    std::size_t const count = gaps_before(offset);
    return count == 0 ? offset : offset + before_[count - 1] + length(gaps_[count - 1]);
}

Result<std::size_t> FileGaps::read(int fd, std::span<Byte> out, std::uint64_t offset) const {
    std::size_t const count = gaps_before(offset);
    std::uint64_t const from = real(offset);
    if (count < gaps_.size()) {
        std::uint64_t const until_gap = gaps_[count].begin - from;
        out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), until_gap)));
    }
    return read_at(fd, out, from);
}

}  // namespace satchel::mailgw
