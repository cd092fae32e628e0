#include "transfer/sealed_batches.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "src/core/limits.h"
#include "transfer/age_primitives.h"

namespace satchel::transfer {

void SealedBatches::append(ByteSpan sealed) {
    while (!sealed.empty()) {
        // Left to double, it would take twice the memory; a small blob needs no large buffer.
        if (filling_.size() + sealed.size() > limits::inline_blob_bytes)
            filling_.reserve(outgoing_batch_bytes);
        auto const taken = std::min(sealed.size(), outgoing_batch_bytes - filling_.size());
        satchel::append(filling_, sealed.first(taken));
        sealed = sealed.subspan(taken);
        if (filling_.size() < outgoing_batch_bytes) continue;
        assert(full_.empty());
        full_ = std::exchange(filling_, std::exchange(spare_, {}));
        filling_.reserve(outgoing_batch_bytes);
    }
}

std::size_t SealedBatches::lacking_content() const {
    constexpr std::size_t sealed_chunk_bytes = limits::age_chunk_bytes + aead_tag_bytes;
    auto const lacking = outgoing_batch_bytes - filling_.size();
    return (lacking + sealed_chunk_bytes - 1) / sealed_chunk_bytes * limits::age_chunk_bytes;
}

Bytes SealedBatches::take_full() {
    return std::exchange(full_, {});
}

void SealedBatches::give_back(Bytes buffer) {
    spare_ = std::move(buffer);
    spare_.clear();
}

}  // namespace satchel::transfer
