// Makes every line end CR LF. A bare LF or CR becomes one; `\r\r\n` is one line end, not two
// (text-mode damage). So no bare CR or LF is ever stored, hence none is passed on (SMTP smuggling,
// CVE-2023-51764).
#pragma once

#include <cstddef>

#include "src/base/bytes.h"

namespace satchel::mailgw {

class LineMender {
public:
    /// Appends the mended text to `out`; a CR at the end of `in` is held until what follows is
    /// known.
    void mend(ByteSpan in, Bytes& out);

    /// The text is over: what was held is appended. With `close_last_line`, a last line without
    /// line end gets one.
    void finish(Bytes& out, bool close_last_line);

    /// Whether anything had to be changed so far.
    bool mended() const { return mended_; }

private:
    void flush_bare_crs(Bytes& out);

    std::size_t held_crs_ = 0;
    bool line_open_ = false;
    bool mended_ = false;
};

}  // namespace satchel::mailgw
