// Age files that a passphrase opens (c2sp.org/age, "The scrypt recipient type"): how keys travel to
// another device. Not for attachments.
#pragma once

#include "src/base/bytes.h"
#include "src/base/randomness.h"
#include "src/base/result.h"
#include "transfer/age_grant.h"
#include "transfer/age_header.h"

namespace satchel::transfer {

/// scrypt's N is two to its power: 18 takes about a second and 256 MiB.
inline constexpr unsigned scrypt_work_factor = 18;
/// More is refused: a header must not make us compute for minutes.
inline constexpr unsigned scrypt_work_factor_max = 22;

/// A header that wraps `key`. Faults: usage for an empty passphrase, io where there is no memory
/// for scrypt.
Result<Bytes> make_passphrase_header(FileKey const& key, ByteSpan passphrase,
                                     Randomness& randomness,
                                     unsigned work_factor = scrypt_work_factor);

/// The file key of a header whose only stanza is of type scrypt. Fault::refused: another
/// passphrase, or no passphrase opens it. Fault::corrupt: the header is malformed or its MAC is
/// wrong.
Result<FileKey> open_header_with_passphrase(AgeHeader const& header, ByteSpan text,
                                            ByteSpan passphrase);

}  // namespace satchel::transfer
