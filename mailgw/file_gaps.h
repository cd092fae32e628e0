// A file read as if some ranges were not in it, and where its offsets really are.
#pragma once

#include <cstdint>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/result.h"

namespace satchel::mailgw {

struct FileGap {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

class FileGaps {
public:
    FileGaps() = default;

    /// After those before, and apart from them.
    void add(FileGap gap);

    std::vector<FileGap> const& all() const { return gaps_; }

    /// Bytes left out in all.
    std::uint64_t bytes() const {
        return before_.empty() ? 0 : before_.back() + length(gaps_.back());
    }

    /// Of the offset of a byte that is there, in the file without gaps.
    std::uint64_t real(std::uint64_t offset) const;

    /// As read_at(), from the file without gaps: what comes may also end before a gap.
    Result<std::size_t> read(int fd, std::span<Byte> out, std::uint64_t offset) const;

private:
    static std::uint64_t length(FileGap const& gap) { return gap.end - gap.begin; }

    std::size_t gaps_before(std::uint64_t offset) const;

    std::vector<FileGap> gaps_;
    std::vector<std::uint64_t> before_;  ///< bytes left out before each
};

}  // namespace satchel::mailgw
