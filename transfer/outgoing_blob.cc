#include "transfer/outgoing_blob.h"

#include <algorithm>
#include <utility>

#include "src/core/limits.h"
#include "transfer/age_stream.h"
#include "transfer/background.h"
#include "transfer/blob_sink.h"
#include "transfer/piece_verifier.h"

namespace satchel::transfer {

namespace {

/// A small content is through before a large buffer would be filled with zeros.
constexpr std::size_t first_batch_bytes = 16 * 1024;
/// Few enough that what is read is still near when it is encrypted and hashed.
constexpr std::size_t content_batch_bytes = std::size_t{256} * 1024;

struct Batch {
    Bytes content;
    Bytes sealed;  ///< what came of it; the end of a content comes with the next one
};

/// Fills the buffer where the reader gives less. Fewer bytes only at the end.
Result<std::size_t> fill(ContentReader const& read, std::span<Byte> buffer) {
    std::size_t filled = 0;
    while (filled < buffer.size()) {
        auto const n = read(buffer.subspan(filled));
        if (!n) return fail(n.error());
        if (*n == 0) break;
        filled += *n;
    }
    return filled;
}

struct KeyAndNonce {
    FileKey key;
    std::array<Byte, 16> nonce{};
};

Result<KeyAndNonce> key_for(OutgoingWay const& way, Randomness& randomness) {
    auto const fresh = randomness.array<16>();
    if (!way.draft) return KeyAndNonce{make_file_key(randomness), fresh};
    auto const nonce = way.draft->journal->nonce(fresh);
    if (!nonce) return fail(nonce.error());
    return KeyAndNonce{way.draft->key.copy(), *nonce};
}

}  // namespace

// This thread reads and encrypts; the other hashes both content and blob, and lets the blob out.
Result<OutgoingBlob> make_outgoing_blob(ContentReader const& read, OutgoingWay way,
                                        Randomness& randomness) {
    auto keyed = key_for(way, randomness);
    if (!keyed) return fail(keyed.error());
    OutgoingBlob blob;
    blob.key = std::move(keyed->key);
    blob.nonce = keyed->nonce;
    BlobEncryptor encryptor(blob.key, blob.nonce);
    BlobSink sink(way.outbox, way.growth, way.draft ? way.draft->journal : nullptr);
    bool const digest_wanted = way.digest == ContentDigest::wanted;
    // Without lanes to be beside, the content's hash is better off on this thread.
    bool const hashed_beside = has_sha256_lanes();
    Sha256Beside content_hash;
    auto const hash_and_let_out = [&](Batch const& batch) {
        if (digest_wanted && hashed_beside) content_hash.offer(batch.content);
        Status done = sink.write(batch.sealed, hashed_beside ? &content_hash : nullptr);
        if (hashed_beside) content_hash.settle();
        return done;
    };
    Background<Batch> background(hash_and_let_out, 1);
    Batch batch;
    ByteSink const seal = [&batch](ByteSpan sealed) -> Status {
        append(batch.sealed, sealed);
        return {};
    };
    std::size_t wanted = first_batch_bytes;
    for (bool more = true; more;) {
        batch.content.resize(wanted);
        batch.sealed.clear();
        // Left to double, it would take twice the memory.
        batch.sealed.reserve(wanted + limits::age_chunk_bytes + 1024);
        auto const filled = fill(read, batch.content);
        if (!filled) return fail(filled.error());
        more = *filled == wanted;
        batch.content.resize(*filled);
        blob.content_bytes += *filled;
        if (digest_wanted && !hashed_beside) {
            content_hash.offer(batch.content);
            content_hash.settle();
        }
        auto sealed = encryptor.write(batch.content, seal);
        if (sealed && !more) sealed = encryptor.finish(seal);
        if (!sealed) return fail(sealed.error());
        auto const done = more ? background.pass_on(batch) : background.finish();
        if (!done) return fail(done.error());
        wanted = content_batch_bytes;
    }
    if (auto done = hash_and_let_out(batch); !done) return fail(done.error());
    auto tree = sink.finish();
    if (!tree) return fail(tree.error());
    blob.id = tree->root;
    blob.blob_bytes = tree->size;
    blob.layer = std::move(tree->layer);
    if (digest_wanted) blob.content_sha256 = content_hash.finish();
    blob.file = sink.file();
    blob.file_from = sink.file_from();
    return blob;
}

Status complete_outgoing_blob(ContentReader const& read, std::filesystem::path const& outbox,
                              OutgoingBlob& blob) {
    if (blob.file_from == 0) return {};
    auto file = blob.file;
    if (!file) {
        auto fresh = nameless_file(outbox);
        if (!fresh) return fail(fresh.error());
        file = std::make_shared<UniqueFd>(std::move(*fresh));
    }
    PieceVerifier verifier(blob.id, blob.blob_bytes);
    if (!blob.layer.empty()) {
        if (auto known = verifier.set_layer(blob.layer); !known) return known;
    }
    auto const keep = [&](std::uint64_t at, ByteSpan part) -> Status {
        auto const lacking = blob.file_from - std::min(at, blob.file_from);
        part = part.first(static_cast<std::size_t>(std::min<std::uint64_t>(part.size(), lacking)));
        return write_all_at(file->get(), part, at);
    };
    ByteSink const out = [&](ByteSpan sealed) { return verifier.write(sealed, keep); };
    BlobEncryptor encryptor(blob.key, blob.nonce);
    Bytes buffer(content_batch_bytes);
    while (verifier.whole_bytes() < blob.file_from) {
        auto const filled = fill(read, buffer);
        if (!filled) return fail(filled.error());
        auto const content = ByteSpan(buffer).first(*filled);
        auto done = encryptor.write(content, out);
        if (done && content.size() < buffer.size()) {
            done = encryptor.finish(out);
            if (done) done = verifier.finish();
        }
        if (!done && done.error().fault == Fault::corrupt)
            return fail(Fault::corrupt, "the file changed while it was sent");
        if (!done) return done;
    }
    blob.file = std::move(file);
    blob.file_from = 0;
    return {};
}

ContentReader read_from_file(int fd) {
    return [fd, offset = std::uint64_t{0}](std::span<Byte> buffer) mutable {
        auto n = read_at(fd, buffer, offset);
        if (n) offset += *n;
        return n;
    };
}

}  // namespace satchel::transfer
