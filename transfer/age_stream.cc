#include "transfer/age_stream.h"

#include <algorithm>
#include <string>

#include "src/core/limits.h"

namespace satchel::transfer {

namespace {

constexpr std::size_t nonce_bytes = 16;
constexpr std::size_t chunk_bytes = limits::age_chunk_bytes;
constexpr std::size_t sealed_chunk_bytes = chunk_bytes + aead_tag_bytes;
// Content of 2^60 bytes: far beyond any disk, and far from overflow.
constexpr std::uint64_t content_bytes_max = std::uint64_t{1} << 60U;

/// 11 bytes of big-endian counter, then 1 for the last chunk.
AeadNonce chunk_nonce(std::uint64_t chunk, bool last) {
    AeadNonce nonce{};
    for (std::size_t i = 0; i < 8; ++i)
        nonce[10 - i] = static_cast<Byte>(chunk >> (8 * i) & 0xffU);
    nonce[11] = last ? 1 : 0;
    return nonce;
}

Secret<32> payload_key(FileKey const& key, ByteSpan nonce) {
    return hkdf_sha256(key.view(), nonce, "payload");
}

tl::unexpected<Error> damaged(std::string const& why) {
    return fail(Fault::corrupt, "age payload: " + why);
}

}  // namespace

std::uint64_t blob_bytes_for(std::uint64_t content_bytes) {
    auto const chunks = std::max<std::uint64_t>(
        1, content_bytes / chunk_bytes + (content_bytes % chunk_bytes != 0));
    return nonce_bytes + content_bytes + chunks * aead_tag_bytes;
}

Result<std::uint64_t> content_bytes_in(std::uint64_t blob_bytes) {
    if (blob_bytes >= nonce_bytes + aead_tag_bytes && blob_bytes <= content_bytes_max) {
        auto const sealed = blob_bytes - nonce_bytes;
        auto const chunks = sealed / sealed_chunk_bytes + (sealed % sealed_chunk_bytes != 0);
        // A last chunk without content is allowed only where it is the only one.
        if (sealed >= chunks * aead_tag_bytes) {
            auto const content = sealed - chunks * aead_tag_bytes;
            if (blob_bytes_for(content) == blob_bytes) return content;
        }
    }
    return fail(Fault::corrupt, "no blob has " + std::to_string(blob_bytes) + " bytes");
}

std::uint64_t blob_offset_of_chunk(std::uint64_t chunk) {
    return nonce_bytes + chunk * sealed_chunk_bytes;
}

BlobEncryptor::BlobEncryptor(FileKey const& key, Randomness& randomness)
    : BlobEncryptor(key, randomness.array<nonce_bytes>()) {}

BlobEncryptor::BlobEncryptor(FileKey const& key, std::array<Byte, 16> nonce)
    : nonce_(nonce)
    , cipher_(payload_key(key, nonce).view(), ChunkCipher::Direction::seal)
    , pending_(chunk_bytes)
    , sealed_(sealed_chunk_bytes) {}

Status BlobEncryptor::emit_nonce(ByteSink const& out) {
    if (nonce_written_) return {};
    nonce_written_ = true;
    return out(nonce_);
}

Status BlobEncryptor::emit(ByteSpan chunk, bool last, ByteSink const& out) {
    auto const sealed = std::span(sealed_).first(chunk.size() + aead_tag_bytes);
    cipher_.seal(chunk_nonce(chunks_++, last), chunk, sealed);
    return out(sealed);
}

Status BlobEncryptor::write(ByteSpan content, ByteSink const& out) {
    if (auto done = emit_nonce(out); !done) return done;
    while (!content.empty()) {
        if (pending_size_ == chunk_bytes) {
            // More follows, so this chunk is not the last.
            if (auto done = emit(pending_, false, out); !done) return done;
            pending_size_ = 0;
        }
        if (pending_size_ == 0 && content.size() > chunk_bytes) {
            if (auto done = emit(content.first(chunk_bytes), false, out); !done) return done;
            content = content.subspan(chunk_bytes);
            continue;
        }
        auto const n = std::min(content.size(), chunk_bytes - pending_size_);
        std::copy_n(content.begin(), n, pending_.data() + pending_size_);
        pending_size_ += n;
        content = content.subspan(n);
    }
    return {};
}

Status BlobEncryptor::finish(ByteSink const& out) {
    if (auto done = emit_nonce(out); !done) return done;
    return emit(ByteSpan(pending_).first(pending_size_), true, out);
}

BlobDecryptor::BlobDecryptor(FileKey const& key)
    : key_(key.copy())
    , pending_(sealed_chunk_bytes)
    , opened_(chunk_bytes) {}

BlobDecryptor::BlobDecryptor(FileKey const& key, std::span<Byte const, 16> nonce,
                             std::uint64_t chunk)
    : BlobDecryptor(key) {
    cipher_.emplace(payload_key(key, nonce).view(), ChunkCipher::Direction::open);
    chunks_ = chunk;
}

std::size_t BlobDecryptor::take(ByteSpan from, std::size_t up_to) {
    auto const n = std::min(from.size(), up_to - pending_size_);
    std::copy_n(from.begin(), n, pending_.data() + pending_size_);
    pending_size_ += n;
    return n;
}

Status BlobDecryptor::open_full(ByteSpan sealed, ByteSink const& out) {
    if (cipher_->open(chunk_nonce(chunks_, false), sealed, opened_)) {
        ++chunks_;
        return out(opened_);
    }
    if (cipher_->open(chunk_nonce(chunks_, true), sealed, opened_)) {
        if (auto done = out(opened_); !done) return done;
        return damaged("data after the last chunk");
    }
    return damaged("chunk " + std::to_string(chunks_) + " is corrupt");
}

Status BlobDecryptor::write(ByteSpan blob, ByteSink const& out) {
    if (!cipher_) {
        blob = blob.subspan(take(blob, nonce_bytes));
        if (pending_size_ < nonce_bytes) return {};
        cipher_.emplace(payload_key(key_, ByteSpan(pending_).first(nonce_bytes)).view(),
                        ChunkCipher::Direction::open);
        pending_size_ = 0;
    }
    while (!blob.empty()) {
        if (pending_size_ == sealed_chunk_bytes) {
            // More follows, so this chunk must not be the last.
            if (auto done = open_full(pending_, out); !done) return done;
            pending_size_ = 0;
        }
        if (pending_size_ == 0 && blob.size() > sealed_chunk_bytes) {
            if (auto done = open_full(blob.first(sealed_chunk_bytes), out); !done) return done;
            blob = blob.subspan(sealed_chunk_bytes);
            continue;
        }
        blob = blob.subspan(take(blob, sealed_chunk_bytes));
    }
    return {};
}

Status BlobDecryptor::finish(ByteSink const& out) {
    if (!cipher_) return damaged("truncated in its nonce");
    auto const sealed = ByteSpan(pending_).first(pending_size_);
    if (sealed.size() < aead_tag_bytes) return damaged("truncated");
    auto const opened = std::span(opened_).first(sealed.size() - aead_tag_bytes);
    if (cipher_->open(chunk_nonce(chunks_, true), sealed, opened)) {
        if (opened.empty() && chunks_ > 0) return damaged("last chunk is empty");
        return out(opened);
    }
    if (cipher_->open(chunk_nonce(chunks_, false), sealed, opened)) {
        // A whole chunk, but not the last: it may be released before the bad news.
        if (sealed.size() == sealed_chunk_bytes) {
            if (auto done = out(opened); !done) return done;
        }
        return damaged("truncated after chunk " + std::to_string(chunks_));
    }
    return damaged(sealed.size() < sealed_chunk_bytes
                       ? "truncated or corrupt in chunk " + std::to_string(chunks_)
                       : "chunk " + std::to_string(chunks_) + " is corrupt");
}

}  // namespace satchel::transfer
