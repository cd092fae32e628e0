// Writes the body of a detached part as it stood in its message, from the content and the restore
// data (FORMATS.md, "Restore data").
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "mailgw/restore_data.h"
#include "src/base/base64_encoder.h"
#include "src/base/bytes.h"
#include "src/base/result.h"

namespace satchel::mailgw {

/// Takes octets in pieces of some size. Its failure ends the operation.
using OctetSink = std::function<Status(ByteSpan)>;

/// Hands the content of a part, in order, to the sink that it is given.
using ContentFeed = std::function<Status(OctetSink const&)>;

/// The content comes in pieces of any size; holds none of it. Compares sizes, not digests. Both
/// arguments must outlive it.
class BodyRebuilder {
public:
    BodyRebuilder(RestoreData const& restore, OctetSink const& out);

    /// Fault::corrupt where the content is more than the restore data says.
    Status write(ByteSpan content);

    /// Fault::corrupt where content or body have another size than the restore data say.
    Status finish();

private:
    Status put(ByteSpan body);

    RestoreData const& restore_;
    OctetSink const& out_;
    Base64Encoder encoder_;
    std::string text_;  ///< encoded, not yet written
    std::uint64_t content_bytes_ = 0;
    std::uint64_t body_bytes_ = 0;
};

/// Whether content, and the body that it makes, have the sealed sizes and digests: Fault::corrupt
/// where not. What the feed fails with comes through.
Status verify_part(RestoreData const& restore, ContentFeed const& content);

}  // namespace satchel::mailgw
