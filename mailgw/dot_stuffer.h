// Doubles the dots at line starts of CR LF text (RFC 5321 §4.5.2). A line starts after every LF, so
// that no server sees an end where we sent none: Dovecot's LMTP takes LF.LF for one.
#pragma once

#include "src/base/bytes.h"

namespace satchel::mailgw {

class DotStuffer {
public:
    /// Appends to `out`; the text may come in pieces of any size.
    void stuff(ByteSpan in, Bytes& out);

    /// The text so far is empty or ends with a line end.
    bool line_start() const { return line_start_; }

private:
    bool line_start_ = true;
};

}  // namespace satchel::mailgw
