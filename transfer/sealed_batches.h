// Cuts what is sealed into batches of the same size, so that each can be hashed in lanes, and tells
// how much content the next one wants.
#pragma once

#include <cstddef>

#include "src/base/bytes.h"

namespace satchel::transfer {

/// A batch, and what of a blob is let out at once. Only the last batch is smaller.
inline constexpr std::size_t outgoing_batch_bytes = std::size_t{512} * 1024;

class SealedBatches {
public:
    /// A batch that gets full must be taken before the one behind it does.
    void append(ByteSpan sealed);

    /// So much content, in whole chunks, fills the next batch: provided that each chunk of it is
    /// sealed at once, or in place of one that was held back before.
    std::size_t lacking_content() const;

    bool has_full() const { return !full_.empty(); }

    Bytes take_full();

    /// What came behind the last full one.
    Bytes& rest() { return filling_; }

    /// A buffer that was used, for what comes.
    void give_back(Bytes buffer);

private:
    Bytes full_;
    Bytes filling_;
    Bytes spare_;
};

}  // namespace satchel::transfer
