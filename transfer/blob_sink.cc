#include "transfer/blob_sink.h"

#include <cassert>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "src/base/sha256_lanes.h"
#include "src/core/limits.h"
#include "transfer/sealed_batches.h"

namespace satchel::transfer {

// Whole grains, so that the journal knows all of a batch before it leaves.
static_assert(outgoing_batch_bytes % grain_bytes == 0);
// Whole groups of blocks, so that all of it is hashed in lanes.
static_assert(outgoing_batch_bytes % (sha256_lanes_min * limits::merkle_block_bytes) == 0);
static_assert(outgoing_batch_bytes > limits::inline_blob_bytes);

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

Status BlobSink::write(Bytes& batch, Sha256Beside* beside) {
    assert(batch.size() == outgoing_batch_bytes);
    auto done = hash(batch, beside);
    return done ? let_out(batch) : done;
}

Status BlobSink::hash(ByteSpan batch, Sha256Beside* beside) {
    hasher_.write(batch, beside);
    return journal_ ? journal_->note(hasher_.take_grains()) : Status();
}

Result<MerkleTree> BlobSink::finish(Bytes& last, Sha256Beside* beside) {
    if (gone_ == 0 && last.size() <= limits::inline_blob_bytes) {
        UniqueFd memory(::memfd_create("blob", MFD_CLOEXEC));
        if (!memory) return fail(system_error("memory for a blob"));
        file_ = std::make_shared<UniqueFd>(std::move(memory));
    }
    if (auto hashed = hash(last, beside); !hashed) return fail(hashed.error());
    auto tree = hasher_.finish();
    if (!tree) return tree;
    if (journal_) {
        if (auto noted = journal_->note_end(tree->root); !noted) return fail(noted.error());
    }
    if (auto done = let_out(last); !done) return fail(done.error());
    return tree;
}

Status BlobSink::let_out(Bytes& batch) {
    if (batch.empty()) return {};
    auto const bytes = batch.size();
    if (file_ || !growth_ || !growth_->take(batch)) {
        if (auto written = write_to_file(batch); !written) return written;
    }
    gone_ += bytes;
    batch.clear();
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
