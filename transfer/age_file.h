// Whole age files (c2sp.org/age): header and payload together. Labels and restore data in memory;
// the CLI's streams through pipes.
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "src/base/bytes.h"
#include "src/base/randomness.h"
#include "src/base/result.h"
#include "src/core/age_key.h"
#include "transfer/age_grant.h"
#include "transfer/age_stream.h"

namespace satchel::transfer {

/// Faults: those of make_grant.
Result<Bytes> encrypt_age(std::span<AgeRecipient const> recipients, ByteSpan content,
                          Randomness& randomness);

/// Faults: those of open_grant and BlobDecryptor, and Fault::too_large beyond `max_content_bytes`.
Result<Bytes> decrypt_age(std::span<AgeIdentity const> identities, ByteSpan file,
                          std::size_t max_content_bytes);

/// Eats an age file in buffers of any size. Holds the header or one chunk.
class AgeFileDecryptor {
public:
    /// Finds the file key of a header that was parsed from a text.
    using OpenHeader = std::function<Result<FileKey>(AgeHeader const&, ByteSpan text)>;

    explicit AgeFileDecryptor(OpenHeader open_header)
        : open_header_(std::move(open_header)) {}

    /// The identities must outlive this.
    explicit AgeFileDecryptor(std::span<AgeIdentity const> identities);

    Status write(ByteSpan file, ByteSink const& out);
    Status finish(ByteSink const& out);

private:
    OpenHeader open_header_;
    Bytes header_;
    std::optional<BlobDecryptor> payload_;  ///< from when the header is read
};

/// Files that a passphrase opens. Faults: those of transfer/age_passphrase.h, and the same.
Result<Bytes> encrypt_age_with_passphrase(ByteSpan passphrase, ByteSpan content,
                                          Randomness& randomness);
Result<Bytes> decrypt_age_with_passphrase(ByteSpan passphrase, ByteSpan file,
                                          std::size_t max_content_bytes);

/// From where `from` stands to its end; neither needs to seek. Blocks.
Status encrypt_age_stream(std::span<AgeRecipient const> recipients, int from, int to,
                          Randomness& randomness);

/// Writes only what is authentic; an error may come after a part was written, so a caller who wants
/// all or nothing writes to a temp file.
Status decrypt_age_stream(std::span<AgeIdentity const> identities, int from, int to);

}  // namespace satchel::transfer
