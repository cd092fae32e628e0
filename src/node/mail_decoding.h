// Turns the encoded text of a mail part into the file that it carries, for parts that were kept
// verbatim (RFC 2045 §6).
#pragma once

#include <string>

#include "src/base/bytes.h"
#include "src/base/result.h"

namespace satchel::node {

/// Streaming, lenient where mail programs are: what is wrong in the text is passed over.
class MailDecoder {
public:
    /// `encoding`: "quoted-printable", "base64", or another, which is taken as it stands.
    explicit MailDecoder(std::string const& encoding);

    void write(ByteSpan text, Bytes& out);
    void finish(Bytes& out);

private:
    enum class Kind { as_it_is, quoted_printable, base64 };

    void quoted_printable(Byte c, Bytes& out);
    void base64(Byte c, Bytes& out);

    Kind kind_;
    std::string held_;    ///< quoted-printable: an escape, or blanks that may end a line
    unsigned group_ = 0;  ///< base64: bits not yet written
    unsigned bits_ = 0;
};

}  // namespace satchel::node
