// Bytes that can stand for a blob in tests of what moves and keeps blobs, and their names.
#pragma once

#include <cstdlib>

#include "transfer/blob_store.h"
#include "transfer/merkle_root.h"

namespace satchel::testing {

struct SampleBlob {
    Bytes bytes;
    transfer::MerkleTree tree;

    ContentId const& id() const { return tree.root; }

    std::uint64_t size() const { return bytes.size(); }

    ByteSpan view() const { return bytes; }

    ByteSpan from(std::uint64_t offset) const { return ByteSpan(bytes).subspan(offset); }
};

inline SampleBlob sample_blob(std::uint64_t size, std::uint64_t seed = 1) {
    SampleBlob blob;
    blob.bytes.resize(size);
    for (auto& byte : blob.bytes) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        byte = static_cast<Byte>(seed >> 56U);
    }
    transfer::MerkleHasher hasher;
    hasher.write(blob.bytes);
    auto tree = hasher.finish();
    if (!tree) std::abort();
    blob.tree = std::move(*tree);
    return blob;
}

inline transfer::Holding sample_holding(Byte recipient, std::string sender = "alice@a.test") {
    transfer::Holding holding;
    holding.recipient.fill(recipient);
    holding.sender = std::move(sender);
    holding.offer.bytes.fill(recipient);
    holding.grant = Bytes{1, 2, 3};
    holding.label = Bytes{4, 5};
    holding.stored = 1'800'000'000;
    return holding;
}

}  // namespace satchel::testing
