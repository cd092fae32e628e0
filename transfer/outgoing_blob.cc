#include "transfer/outgoing_blob.h"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "src/core/limits.h"
#include "transfer/age_stream.h"
#include "transfer/merkle_root.h"

namespace satchel::transfer {

namespace {

constexpr std::size_t buffer_bytes = 4 * limits::age_chunk_bytes;
constexpr std::size_t batch_bytes = 512 * 1024;  ///< handed to the other thread at once

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

/// Takes the blob as it comes: in memory while it is small, else in a file.
class BlobSink {
public:
    explicit BlobSink(std::filesystem::path outbox)
        : outbox_(std::move(outbox)) {}

    Status write(ByteSpan more) {
        hasher_.write(more);
        if (file_) return write_all(file_.get(), more);
        append(small_, more);
        if (small_.size() <= limits::inline_blob_bytes) return {};
        auto file = nameless_file(outbox_);
        if (!file) return fail(file.error());
        return move_to(std::move(*file));
    }

    Result<MerkleTree> finish() {
        if (!file_) {
            UniqueFd memory(::memfd_create("blob", MFD_CLOEXEC));
            if (!memory) return fail(system_error("memory for a blob"));
            if (auto moved = move_to(std::move(memory)); !moved) return fail(moved.error());
        }
        return hasher_.finish();
    }

    UniqueFd take_file() { return std::move(file_); }

private:
    Status move_to(UniqueFd file) {
        file_ = std::move(file);
        auto const all = std::exchange(small_, {});
        return write_all(file_.get(), all);
    }

    std::filesystem::path outbox_;
    MerkleHasher hasher_;
    Bytes small_;
    UniqueFd file_;
};

/// A sink that hashes and writes on a thread of its own, so that the next bytes are read and
/// encrypted meanwhile. What fits in one batch never meets another thread.
class BackgroundSink {
public:
    explicit BackgroundSink(BlobSink& sink)
        : sink_(sink) {
        filling_.reserve(batch_bytes);
    }

    BackgroundSink(BackgroundSink const&) = delete;
    BackgroundSink& operator=(BackgroundSink const&) = delete;

    ~BackgroundSink() { join(); }

    Status write(ByteSpan more) {
        while (!more.empty()) {
            auto const part = more.first(std::min(more.size(), batch_bytes - filling_.size()));
            append(filling_, part);
            more = more.subspan(part.size());
            if (filling_.size() < batch_bytes) continue;
            if (auto passed = pass_on(); !passed) return passed;
        }
        return {};
    }

    Status finish() {
        join();
        if (!status_) return status_;
        return sink_.write(filling_);
    }

private:
    Status pass_on() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !handed_over_; });
        if (!status_) return status_;
        std::swap(filling_, batch_);
        filling_.clear();
        filling_.reserve(batch_bytes);
        handed_over_ = true;
        changed_.notify_one();
        if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
        return {};
    }

    void work() {
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return handed_over_ || ended_; });
            if (!handed_over_) return;
            lock.unlock();
            Status written = sink_.write(batch_);
            lock.lock();
            if (status_) status_ = std::move(written);
            handed_over_ = false;
            changed_.notify_one();
        }
    }

    void join() {
        if (!thread_.joinable()) return;
        {
            std::lock_guard const lock(mutex_);
            ended_ = true;
        }
        changed_.notify_one();
        thread_.join();
    }

    BlobSink& sink_;
    Bytes filling_;
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

}  // namespace

Result<OutgoingBlob> make_outgoing_blob(ContentReader const& read,
                                        std::filesystem::path const& outbox,
                                        Randomness& randomness) {
    OutgoingBlob blob;
    blob.key = make_file_key(randomness);
    BlobSink sink(outbox);
    BackgroundSink background(sink);
    ByteSink const out = [&](ByteSpan bytes) { return background.write(bytes); };
    BlobEncryptor encryptor(blob.key, randomness);
    Sha256 content_hash;
    Bytes buffer(buffer_bytes);
    for (;;) {
        auto const filled = fill(read, buffer);
        if (!filled) return fail(filled.error());
        auto const content = ByteSpan(buffer).first(*filled);
        blob.content_bytes += content.size();
        content_hash.update(content);
        if (auto done = encryptor.write(content, out); !done) return fail(done.error());
        if (content.size() < buffer.size()) break;
    }
    if (auto done = encryptor.finish(out); !done) return fail(done.error());
    if (auto done = background.finish(); !done) return fail(done.error());
    auto tree = sink.finish();
    if (!tree) return fail(tree.error());
    blob.id = tree->root;
    blob.blob_bytes = tree->size;
    blob.layer = std::move(tree->layer);
    blob.content_sha256 = content_hash.finish();
    blob.file = sink.take_file();
    return blob;
}

ContentReader read_from_file(int fd) {
    return [fd, offset = std::uint64_t{0}](std::span<Byte> buffer) mutable {
        auto n = read_at(fd, buffer, offset);
        if (n) offset += *n;
        return n;
    };
}

}  // namespace satchel::transfer
