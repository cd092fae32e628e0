// Reads a message file line by line with flat memory, and skips quickly over what holds no
// boundaries.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "src/base/bytes.h"
#include "src/base/result.h"

namespace satchel::mailgw {

/// A line, or a piece of one that is over `LineReader::piece_bytes` long.
struct MailLine {
    std::string_view text;    ///< with its end of line; valid until the next call
    std::uint64_t begin = 0;  ///< offset in the file
    bool starts = true;       ///< false: the line began in an earlier piece

    std::uint64_t end() const { return begin + text.size(); }

    /// Without its end of line.
    std::string_view content() const;

    bool is_blank() const { return starts && (text == "\n" || text == "\r\n"); }
};

/// As read_at() of one file: fewer bytes only at its end.
using ReadAt = std::function<Result<std::size_t>(std::span<Byte> out, std::uint64_t offset)>;

/// Reads with pread(2): the file's own position stays as it is.
class LineReader {
public:
    static constexpr std::size_t piece_bytes = 64 * 1024;

    explicit LineReader(int fd);
    /// Asks for each byte once, in order, after all that was asked for before was given.
    explicit LineReader(ReadAt read);

    /// False at the end of the file.
    Result<bool> next(MailLine& line);

    /// Goes on to the next line that starts with "--". False if there is none.
    Result<bool> skip_to_dashes();

    /// Offset of what next() gives next.
    std::uint64_t position() const { return base_ + begin_; }

private:
    Status fill();
    std::string_view held() const;

    ReadAt read_;
    Bytes buffer_;
    std::size_t begin_ = 0;  ///< of what is not yet given, in the buffer
    std::size_t end_ = 0;
    std::uint64_t base_ = 0;  ///< file offset of the buffer
    bool at_line_start_ = true;
    bool at_file_end_ = false;
};

}  // namespace satchel::mailgw
