#include "transfer/outgoing_blob.h"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "src/base/sha256_lanes.h"
#include "src/core/limits.h"
#include "transfer/age_stream.h"
#include "transfer/merkle_root.h"

namespace satchel::transfer {

namespace {

constexpr std::size_t batch_bytes = 512 * 1024;  ///< read, and then hashed and written, at once
constexpr std::size_t group_bytes = sha256_lanes * limits::merkle_block_bytes;
static_assert(batch_bytes > limits::inline_blob_bytes);
static_assert(batch_bytes % group_bytes == 0);

/// A file without a name in `folder`.
Result<UniqueFd> nameless_file(std::filesystem::path const& folder) {
    UniqueFd fd(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (fd) return fd;
    if (errno != EOPNOTSUPP && errno != EISDIR) return fail(system_error(folder.string()));
    // Some file systems can't: take the name away at once.
    std::string name = (folder / "blob-XXXXXX").string();
    UniqueFd named(::mkostemp(name.data(), O_CLOEXEC));
    if (!named) return fail(system_error(folder.string()));
    if (::unlink(name.c_str()) != 0) return fail(system_error(name));
    return named;
}

/// Takes the blob as it comes, hashes and writes it many blocks at a time.
class BlobSink {
public:
    BlobSink(std::filesystem::path outbox, OutgoingWatch const& watch)
        : outbox_(std::move(outbox))
        , watch_(watch) {}

    /// What stands in the file already is compared.
    BlobSink(std::shared_ptr<UniqueFd> file, std::uint64_t stands, OutgoingWatch const& watch)
        : watch_(watch)
        , stands_(stands)
        , file_(std::move(file)) {}

    Status write(ByteSpan more) {
        append(pending_, more);
        // Whole groups of blocks, so that as many as can be are hashed at once.
        auto const groups = pending_.size() - pending_.size() % group_bytes;
        return groups < batch_bytes ? Status() : flush(groups);
    }

    Result<MerkleTree> finish() {
        if (!file_ && pending_.size() <= limits::inline_blob_bytes) {
            UniqueFd memory(::memfd_create("blob", MFD_CLOEXEC));
            if (!memory) return fail(system_error("memory for a blob"));
            file_ = std::make_shared<UniqueFd>(std::move(memory));
        }
        if (auto written = flush(pending_.size()); !written) return fail(written.error());
        if (stands_ > written_)
            return fail(Fault::corrupt, "the file was longer when it was begun");
        return hasher_.finish();
    }

    std::shared_ptr<UniqueFd> take_file() { return std::move(file_); }

private:
    Status flush(std::size_t bytes) {
        if (!file_) {
            auto file = nameless_file(outbox_);
            if (!file) return fail(file.error());
            file_ = std::make_shared<UniqueFd>(std::move(*file));
        }
        auto const part = ByteSpan(pending_).first(bytes);
        auto written = put(part);
        if (!written) return written;
        written_ += bytes;
        // What is hashed meanwhile may be on its way already.
        if (watch_) watch_(file_, written_);
        hasher_.write(part);
        pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(bytes));
        return {};
    }

    Status put(ByteSpan part) {
        auto const stands = static_cast<std::size_t>(
            std::min<std::uint64_t>(part.size(), stands_ - std::min(stands_, written_)));
        if (stands > 0) {
            Bytes before(stands);
            auto const got = read_at(file_->get(), before, written_);
            if (!got) return fail(got.error());
            if (*got != stands || !std::ranges::equal(before, part.first(stands)))
                return fail(Fault::corrupt, "the file is another one than when it was begun");
        }
        return write_all_at(file_->get(), part.subspan(stands), written_ + stands);
    }

    std::filesystem::path outbox_;
    OutgoingWatch const& watch_;
    MerkleHasher hasher_;
    Bytes pending_;
    std::uint64_t written_ = 0;  ///< or compared
    std::uint64_t stands_ = 0;
    std::shared_ptr<UniqueFd> file_;
};

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

// This thread reads, and hashes the content; the other encrypts, hashes the blob, and writes it.
Result<OutgoingBlob> make_blob(ContentReader const& read, FileKey key, BlobEncryptor encryptor,
                               BlobSink sink, ContentDigest digest) {
    OutgoingBlob blob;
    blob.key = std::move(key);
    ByteSink const out = [&](ByteSpan sealed) { return sink.write(sealed); };
    Background background([&](ByteSpan batch) { return encryptor.write(batch, out); });
    Sha256 content_hash;
    Bytes buffer(batch_bytes);
    for (;;) {
        auto const filled = fill(read, buffer);
        if (!filled) return fail(filled.error());
        auto const content = ByteSpan(buffer).first(*filled);
        blob.content_bytes += content.size();
        if (digest == ContentDigest::wanted) content_hash.update(content);
        if (content.size() < buffer.size()) {
            if (auto done = background.finish(); !done) return fail(done.error());
            if (auto done = encryptor.write(content, out); !done) return fail(done.error());
            break;
        }
        if (auto passed = background.pass_on(buffer); !passed) return fail(passed.error());
    }
    if (auto done = encryptor.finish(out); !done) return fail(done.error());
    auto tree = sink.finish();
    if (!tree) return fail(tree.error());
    blob.id = tree->root;
    blob.blob_bytes = tree->size;
    blob.layer = std::move(tree->layer);
    if (digest == ContentDigest::wanted) blob.content_sha256 = content_hash.finish();
    blob.file = sink.take_file();
    return blob;
}

}  // namespace

Result<OutgoingBlob> make_outgoing_blob(ContentReader const& read,
                                        std::filesystem::path const& outbox, Randomness& randomness,
                                        OutgoingWatch const& watch, ContentDigest digest) {
    FileKey key = make_file_key(randomness);
    BlobEncryptor encryptor(key, randomness);
    return make_blob(read, std::move(key), std::move(encryptor), BlobSink(outbox, watch), digest);
}

Result<OutgoingBlob> make_outgoing_blob(ContentReader const& read, BlobDraft draft,
                                        Randomness& randomness, OutgoingWatch const& watch,
                                        ContentDigest digest) {
    auto const stands = file_size(draft.file->get());
    if (!stands) return fail(stands.error());
    auto nonce = randomness.array<16>();
    if (*stands > 0) {
        auto const got = read_at(draft.file->get(), nonce, 0);
        if (!got) return fail(got.error());
        if (*got < nonce.size()) return fail(Fault::corrupt, "less than a nonce was written");
    }
    BlobEncryptor encryptor(draft.key, nonce);
    BlobSink sink(std::move(draft.file), *stands, watch);
    return make_blob(read, std::move(draft.key), std::move(encryptor), std::move(sink), digest);
}

ContentReader read_from_file(int fd) {
    return [fd, offset = std::uint64_t{0}](std::span<Byte> buffer) mutable {
        auto n = read_at(fd, buffer, offset);
        if (n) offset += *n;
        return n;
    };
}

}  // namespace satchel::transfer
