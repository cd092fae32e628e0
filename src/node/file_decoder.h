// From the content of a blob, as it is decrypted, to the file that it stands for: checks the one
// against its label, and undoes the encoding of mail parts that were kept verbatim.
#pragma once

#include <optional>

#include "src/base/bytes.h"
#include "src/base/deflate.h"
#include "src/base/result.h"
#include "src/base/sha256.h"
#include "src/core/file_label.h"
#include "src/node/mail_decoding.h"
#include "transfer/age_stream.h"

namespace satchel::node {

class FileDecoder {
public:
    /// `out` gets the file. Without a label the content is the file, and nothing can be checked.
    /// The label must outlive this.
    FileDecoder(transfer::ByteSink out, FileLabel const* label);

    Status take(ByteSpan content);

    /// Fault::corrupt: this is not what the label describes. What was given out is worth nothing
    /// then.
    Status finish();

    std::uint64_t file_bytes() const { return file_bytes_; }

    /// After finish().
    Sha256Digest const& file_digest() const { return file_digest_; }

private:
    bool is_verbatim() const { return label_ != nullptr && !label_->encoding.empty(); }

    Status take_content(ByteSpan content);
    Status give(ByteSpan bytes);

    transfer::ByteSink out_;
    FileLabel const* label_;
    MailDecoder decoder_;
    Inflater inflater_;
    Sha256 content_;
    Sha256 file_;
    Bytes inflated_;
    Bytes decoded_;
    std::uint64_t content_bytes_ = 0;
    std::uint64_t file_bytes_ = 0;
    Sha256Digest content_digest_{};
    Sha256Digest file_digest_{};
};

}  // namespace satchel::node
