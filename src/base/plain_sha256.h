// SHA-256 of short texts, without a library: a program that needs no more of OpenSSL than a digest
// now and then starts sooner without it.
#pragma once

#include "src/base/sha256.h"

namespace satchel {

Sha256Digest plain_sha256(ByteSpan text);

}  // namespace satchel
