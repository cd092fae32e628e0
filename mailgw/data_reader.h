// Reads the text after DATA as it comes off the wire: stuffed dots out, line ends mended, and of
// inbound mail the names of fields that show links as attachments.
#pragma once

#include "mailgw/dot_reader.h"
#include "mailgw/envelope.h"
#include "mailgw/line_mender.h"
#include "mailgw/link_field_filter.h"
#include "src/base/bytes.h"

namespace satchel::mailgw {

/// Of one message.
class DataReader {
public:
    explicit DataReader(Side side)
        : inbound_(side == Side::inbound) {}

    /// Appends what `in` makes certain to `out`.
    DotReader::Step read(ByteSpan in, Bytes& out);

    bool at_doubtful_end() const { return dots_.at_doubtful_end(); }

    bool mended() const { return mender_.mended(); }

    bool links_stripped() const { return links_.changed(); }

private:
    bool inbound_;
    DotReader dots_;
    LineMender mender_;
    LinkFieldFilter links_;
    Bytes unstuffed_;
    Bytes mended_;
};

}  // namespace satchel::mailgw
