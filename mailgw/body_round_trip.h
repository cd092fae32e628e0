// Proves that a base64 body comes back from its content: what the text holds is decoded, given to
// the restorer's own BodyRebuilder, and what that writes is compared octet for octet.
#pragma once

#include <cstdint>
#include <string>

#include "mailgw/base64_shape.h"
#include "mailgw/body_rebuilder.h"
#include "mailgw/restore_data.h"
#include "src/base/base64_decoder.h"
#include "src/base/bytes.h"

namespace satchel::mailgw {

/// Of one body, in one pass, with flat memory.
class BodyRoundTrip {
public:
    /// The trailer of `shape` is not looked at: it may not be known yet.
    explicit BodyRoundTrip(Base64Shape shape);

    BodyRoundTrip(BodyRoundTrip const&) = delete;
    BodyRoundTrip& operator=(BodyRoundTrip const&) = delete;

    /// Gives the content that `text`, which stands between lead and trailer, completes; valid until
    /// the next call. Nothing more comes once the text was found to differ.
    ByteSpan feed(ByteSpan text);

    /// True if lead, whole text and trailer are what the rebuilder writes with restore().
    bool finish(std::string trailer);

    /// With which it was proven: mode, shape and sizes.
    RestoreData const& restore() const { return restore_; }

private:
    Status compare(ByteSpan written);

    RestoreData restore_;
    OctetSink sink_;
    BodyRebuilder rebuilder_;
    Base64Decoder decoder_;
    Bytes content_;
    std::string behind_;  ///< given, not yet written: of earlier pieces
    ByteSpan piece_;      ///< the same of the piece under way
    std::uint64_t content_bytes_ = 0;
    std::uint64_t body_bytes_;
    bool same_ = true;
};

}  // namespace satchel::mailgw
