#include "transfer/blob_sink.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "src/base/sha256_lanes.h"
#include "src/core/limits.h"

namespace satchel::transfer {

namespace {

/// As many blocks as are hashed at once, beside the content.
constexpr std::size_t group_bytes = sha256_lanes_min * limits::merkle_block_bytes;
static_assert(outgoing_batch_bytes > limits::inline_blob_bytes);
static_assert(outgoing_batch_bytes % group_bytes == 0);

}  // namespace

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

BlobSink::BlobSink(std::filesystem::path outbox, std::shared_ptr<GrowingBlob> growth,
                   std::shared_ptr<BlobJournal> journal)
    : outbox_(std::move(outbox))
    , growth_(std::move(growth))
    , journal_(std::move(journal)) {
    if (journal_) hasher_.gather_grains();
}

Status BlobSink::write(ByteSpan more, Sha256Beside* beside) {
    while (!more.empty()) {
        // Left to double, it would take twice the memory; a small blob needs no large one.
        auto const wanted = pending_.size() + more.size();
        if (wanted > limits::inline_blob_bytes) pending_.reserve(outgoing_batch_bytes);
        auto const taken = std::min(more.size(), outgoing_batch_bytes - pending_.size());
        append(pending_, more.first(taken));
        more = more.subspan(taken);
        auto const groups = pending_.size() - pending_.size() % group_bytes;
        if (auto hashed = hash_up_to(groups, beside); !hashed) return hashed;
        if (pending_.size() < outgoing_batch_bytes) break;
        if (auto gone = let_out(); !gone) return gone;
    }
    return {};
}

Status BlobSink::hash_up_to(std::size_t end, Sha256Beside* beside) {
    hasher_.write(ByteSpan(pending_).subspan(hashed_, end - hashed_), beside);
    hashed_ = end;
    return journal_ ? journal_->note(hasher_.take_grains()) : Status();
}

Result<MerkleTree> BlobSink::finish() {
    if (gone_ == 0 && pending_.size() <= limits::inline_blob_bytes) {
        UniqueFd memory(::memfd_create("blob", MFD_CLOEXEC));
        if (!memory) return fail(system_error("memory for a blob"));
        file_ = std::make_shared<UniqueFd>(std::move(memory));
    }
    if (auto hashed = hash_up_to(pending_.size(), nullptr); !hashed) return fail(hashed.error());
    auto tree = hasher_.finish();
    if (!tree) return tree;
    if (journal_) {
        if (auto noted = journal_->note_end(tree->root); !noted) return fail(noted.error());
    }
    if (auto done = let_out(); !done) return fail(done.error());
    return tree;
}

Status BlobSink::let_out() {
    if (pending_.empty()) return {};
    auto const bytes = pending_.size();
    if (file_ || !growth_ || !growth_->take(pending_)) {
        if (auto written = write_to_file(pending_); !written) return written;
    }
    gone_ += bytes;
    pending_.clear();
    hashed_ = 0;
    return {};
}

Status BlobSink::write_to_file(ByteSpan part) {
    if (!file_) {
        auto file = nameless_file(outbox_);
        if (!file) return fail(file.error());
        file_ = std::make_shared<UniqueFd>(std::move(*file));
        file_from_ = gone_;
    }
    auto written = write_all_at(file_->get(), part, gone_);
    if (!written)
        return fail(written.error().fault, outbox_.string() + ": " + written.error().what);
    if (growth_) growth_->stands_in(file_, gone_ + part.size());
    return {};
}

}  // namespace satchel::transfer
