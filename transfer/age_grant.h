// A grant: an age header that wraps the file key of a blob for its recipients (c2sp.org/age, X25519
// recipient stanza). grant ‖ blob is a valid age file. A grant authenticates nobody.
#pragma once

#include <span>
#include <vector>

#include "src/base/randomness.h"
#include "src/base/result.h"
#include "src/base/secret.h"
#include "src/core/age_key.h"
#include "transfer/age_header.h"

namespace satchel::transfer {

/// Opens one blob. Fresh for every blob.
using FileKey = Secret<16>;

FileKey make_file_key(Randomness& randomness);

/// A whole header: stanzas that wrap `key`, and the MAC under it.
Bytes seal_header(FileKey const& key, std::vector<AgeStanza> const& stanzas);

/// Fault::corrupt where the header was not sealed under `key`.
Status check_header_mac(FileKey const& key, AgeHeader const& header, ByteSpan text);

/// One stanza per recipient. Fault::usage without recipients, Fault::refused for a recipient whose
/// key is a point of low order.
Result<Bytes> make_grant(FileKey const& key, std::span<AgeRecipient const> recipients,
                         Randomness& randomness);

/// For a single recipient: the grant that goes into an offer and a placeholder.
Result<Bytes> make_grant(FileKey const& key, AgeRecipient const& recipient, Randomness& randomness);

/// The file key for one of the identities. `grant` is exactly a header. Fault::corrupt: the header
/// is malformed, cut short, followed by something, or its MAC is wrong. Fault::refused: no identity
/// matches. Stanzas of other types than X25519 are skipped.
Result<FileKey> open_grant(ByteSpan grant, std::span<AgeIdentity const> identities);

/// The same for a header that was parsed from `text`.
Result<FileKey> open_header(AgeHeader const& header, ByteSpan text,
                            std::span<AgeIdentity const> identities);

}  // namespace satchel::transfer
