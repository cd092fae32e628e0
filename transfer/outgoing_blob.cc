#include "transfer/outgoing_blob.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "transfer/age_stream.h"
#include "transfer/blob_sink.h"
#include "transfer/piece_verifier.h"

namespace satchel::transfer {

namespace {

/// A small content is through before a large buffer would be filled with zeros.
constexpr std::size_t first_batch_bytes = 16 * 1024;

/// Works on one batch while the next one is made: on a thread of its own, which starts with the
/// first batch.
class Background {
public:
    using Work = std::function<Status(ByteSpan batch)>;

    explicit Background(Work work)
        : work_(std::move(work)) {}

    Background(Background const&) = delete;
    Background& operator=(Background const&) = delete;

    ~Background() { static_cast<void>(finish()); }

    /// Takes the batch, and leaves a buffer of the same size in its place. The failure may be that
    /// of an earlier batch.
    Status pass_on(Bytes& batch) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !handed_over_; });
        if (!status_) return status_;
        auto const size = batch.size();
        std::swap(batch, batch_);
        batch.resize(size);
        handed_over_ = true;
        changed_.notify_one();
        if (!thread_.joinable()) thread_ = std::thread([this] { serve(); });
        return {};
    }

    /// All that was passed on is done.
    Status finish() {
        if (thread_.joinable()) {
            {
                std::lock_guard const lock(mutex_);
                ended_ = true;
            }
            changed_.notify_one();
            thread_.join();
        }
        return status_;
    }

private:
    void serve() {
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return handed_over_ || ended_; });
            if (!handed_over_) return;
            lock.unlock();
            Status done = work_(batch_);
            lock.lock();
            if (status_) status_ = std::move(done);
            handed_over_ = false;
            changed_.notify_one();
        }
    }

    Work work_;
    std::mutex mutex_;  ///< guards what follows; the batch while it is not handed over
    std::condition_variable changed_;
    Bytes batch_;
    bool handed_over_ = false;
    bool ended_ = false;
    Status status_;
    std::thread thread_;
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

// This thread reads, and hashes the content; the other encrypts, hashes the blob, and lets it out.
Result<OutgoingBlob> make_outgoing_blob(ContentReader const& read, OutgoingWay way,
                                        Randomness& randomness) {
    auto keyed = key_for(way, randomness);
    if (!keyed) return fail(keyed.error());
    OutgoingBlob blob;
    blob.key = std::move(keyed->key);
    blob.nonce = keyed->nonce;
    BlobEncryptor encryptor(blob.key, blob.nonce);
    BlobSink sink(way.outbox, way.growth, way.draft ? way.draft->journal : nullptr);
    ByteSink const out = [&](ByteSpan sealed) { return sink.write(sealed); };
    Background background([&](ByteSpan batch) { return encryptor.write(batch, out); });
    bool const digest_wanted = way.digest == ContentDigest::wanted;
    Sha256 content_hash;
    Bytes buffer(first_batch_bytes);
    for (;;) {
        auto const filled = fill(read, buffer);
        if (!filled) return fail(filled.error());
        auto const content = ByteSpan(buffer).first(*filled);
        blob.content_bytes += content.size();
        if (digest_wanted) content_hash.update(content);
        if (content.size() < buffer.size()) {
            if (auto done = background.finish(); !done) return fail(done.error());
            if (auto done = encryptor.write(content, out); !done) return fail(done.error());
            break;
        }
        if (auto passed = background.pass_on(buffer); !passed) return fail(passed.error());
        buffer.resize(outgoing_batch_bytes);
    }
    if (auto done = encryptor.finish(out); !done) return fail(done.error());
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
    Bytes buffer(outgoing_batch_bytes);
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
