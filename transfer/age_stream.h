// The payload of an age file, which is what Satchel calls a blob (c2sp.org/age, "Payload"): a
// 16-byte nonce, then 64 KiB chunks under ChaCha20-Poly1305. Both directions take buffers of any
// size and hold one chunk.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "src/base/bytes.h"
#include "src/base/randomness.h"
#include "src/base/result.h"
#include "transfer/age_grant.h"
#include "transfer/age_primitives.h"

namespace satchel::transfer {

/// Takes what comes out, at most a chunk at a time. Its failure ends the operation.
using ByteSink = std::function<Status(ByteSpan)>;

/// Nonce and tag of a chunk without content: a blob is never empty.
inline constexpr std::uint64_t blob_bytes_min = 32;

/// Size of the blob that holds so much content.
std::uint64_t blob_bytes_for(std::uint64_t content_bytes);

/// The reverse. Fault::corrupt for a size that no blob has.
Result<std::uint64_t> content_bytes_in(std::uint64_t blob_bytes);

/// Where the chunk with number `chunk` begins in a blob; each holds limits::age_chunk_bytes.
std::uint64_t blob_offset_of_chunk(std::uint64_t chunk);

class BlobEncryptor {
public:
    /// `key` must be fresh: one key, one blob.
    BlobEncryptor(FileKey const& key, Randomness& randomness);

    /// Of a blob that was begun before: what comes out at a place that was written already must be
    /// compared with what stands there, and never leave where it differs.
    BlobEncryptor(FileKey const& key, std::array<Byte, 16> nonce);

    Status write(ByteSpan content, ByteSink const& out);

    /// Seals the last chunk. Nothing may follow.
    Status finish(ByteSink const& out);

private:
    Status emit(ByteSpan chunk, bool last, ByteSink const& out);
    Status emit_nonce(ByteSink const& out);

    std::array<Byte, 16> nonce_;
    bool nonce_written_ = false;
    ChunkCipher cipher_;
    std::uint64_t chunks_ = 0;
    Bytes pending_;  ///< a chunk that may be the last
    std::size_t pending_size_ = 0;
    Bytes sealed_;
};

class BlobDecryptor {
public:
    explicit BlobDecryptor(FileKey const& key);

    /// From the start of chunk `chunk`, which stands at blob_offset_of_chunk(). `nonce`: the first
    /// 16 bytes of the blob.
    BlobDecryptor(FileKey const& key, std::span<Byte const, 16> nonce, std::uint64_t chunk);

    /// What comes out is authentic, but only finish() tells that nothing is missing. Fault::corrupt
    /// says which: a wrong chunk, or data after the last one.
    Status write(ByteSpan blob, ByteSink const& out);

    /// Opens the last chunk. Fault::corrupt: truncated, or the last chunk is wrong.
    Status finish(ByteSink const& out);

private:
    Status open_full(ByteSpan sealed, ByteSink const& out);
    std::size_t take(ByteSpan from, std::size_t up_to);

    FileKey key_;
    std::optional<ChunkCipher> cipher_;  ///< from when the nonce is in
    std::uint64_t chunks_ = 0;
    Bytes pending_;
    std::size_t pending_size_ = 0;
    Bytes opened_;
};

}  // namespace satchel::transfer
