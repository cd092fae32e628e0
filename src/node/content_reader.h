// Reads what an attachment holds out of the file that it stands in: a range, decoded on the way.
// Flat memory, any thread.
#pragma once

#include <cstdint>

#include "mailgw/attachment_depot.h"
#include "src/base/base64_decoder.h"
#include "src/base/bytes.h"
#include "src/base/deflate.h"
#include "src/base/result.h"
#include "src/base/unique_fd.h"

namespace satchel::node {

class ContentReader {
public:
    /// `file` is owned; `source.fd` is not looked at.
    ContentReader(UniqueFd file, mailgw::AttachmentSource const& source);

    /// Puts the next decoded bytes into `out` and says how many: 0 only at the end. Fault::corrupt
    /// where the range does not decode.
    Result<std::size_t> read(std::span<Byte> out);

private:
    Result<std::size_t> read_plain(std::span<Byte> out);
    Status decode_more();
    Status decode(ByteSpan encoded, bool last);

    UniqueFd file_;
    mailgw::AttachmentSource source_;
    std::uint64_t at_;
    Base64Decoder base64_;
    Deflater deflate_;
    Bytes encoded_;
    Bytes decoded_;
    std::size_t taken_ = 0;  ///< of decoded_
    bool ended_ = false;
};

}  // namespace satchel::node
