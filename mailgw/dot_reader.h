// Reads the text of DATA up to its end, which is CR LF . CR LF and nothing else (RFC 5321
// §4.1.1.4), and takes the stuffed dots out. LF.LF, LF.CRLF, CRLF.LF and CR CR LF . CR LF never end
// a message.
#pragma once

#include <cstddef>

#include "src/base/bytes.h"

namespace satchel::mailgw {

class DotReader {
public:
    struct Step {
        std::size_t used = 0;  ///< octets of the input; the rest is not the message's
        bool ended = false;
    };

    /// Appends the unstuffed text to `out`, at most `in.size() + 4` octets more than nothing.
    Step read(ByteSpan in, Bytes& out);

    /// The last line was a dot with a wrong line end before or after it, and nothing came since:
    /// the client may think that it is done.
    bool at_doubtful_end() const { return doubtful_end_; }

private:
    enum class LineStart {
        clean,       ///< start of the text, or after CR LF
        doubled_cr,  ///< after CR CR LF: stuffed by whoever sees a line end there, never an end
        bare_lf,     ///< after LF alone: a dot here was not stuffed
        none         ///< inside the line
    };

    void flush_held(Bytes& out, bool keep_dot);
    bool end_line(Bytes& out);

    LineStart start_ = LineStart::clean;
    LineStart dot_start_ = LineStart::clean;  ///< how the line began that holds the dot
    bool held_dot_ = false;
    std::size_t held_crs_ = 0;
    bool doubtful_end_ = false;
};

}  // namespace satchel::mailgw
