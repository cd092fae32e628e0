// How a deposit's content becomes its blob: once, whatever becomes of the process meanwhile.
#include <algorithm>

#include "src/node/deposit_job.h"

namespace satchel::node {

namespace {

constexpr std::uint64_t long_bytes = 8 * 1024 * 1024;  ///< of content: more has its own threads
constexpr std::size_t window_bytes = std::size_t{2} * 1024 * 1024;
constexpr std::size_t windows_max = 2;  ///< what is encrypted beside these goes by the disk

bool is_long(DepositRequest const& request) {
    return request.source.end - request.source.begin > long_bytes;
}

/// With what goes along with an offer: to read it where it is wanted would take a worker again.
struct Encrypted {
    transfer::OutgoingBlob blob;
    std::shared_ptr<Bytes const> whole;
};

std::shared_ptr<Bytes const> whole_if_small(transfer::OutgoingBlob const& blob) {
    if (blob.blob_bytes > limits::inline_blob_bytes) return nullptr;
    Bytes bytes(static_cast<std::size_t>(blob.blob_bytes));
    auto const got = read_at(blob.file->get(), bytes, 0);
    if (!got || *got != bytes.size()) return nullptr;
    return std::make_shared<Bytes const>(std::move(bytes));
}

transfer::OutgoingBlob copy_of(transfer::OutgoingBlob const& blob) {
    return {.id = blob.id,
            .blob_bytes = blob.blob_bytes,
            .layer = blob.layer,
            .key = blob.key.copy(),
            .nonce = blob.nonce,
            .content_bytes = blob.content_bytes,
            .content_sha256 = blob.content_sha256,
            .file = blob.file,
            .file_from = blob.file_from};
}

}  // namespace

std::size_t Depositor::free_window() {
    std::erase_if(windows_, [](auto const& one) { return one.expired(); });
    return windows_.size() < windows_max ? window_bytes : 0;
}

void Depositor::give_back_window(Job const& job, bool all_sent) {
    // What was not taken from memory must stand in the file.
    if (!all_sent) job.growing->leave();
    std::erase_if(windows_, [&](auto const& one) { return one.lock() == job.growing; });
}

/// Its bytes may go to the recipient's storage while they are made.
asio::awaitable<void> Depositor::let_ahead(std::shared_ptr<Job> job) {
    auto const bytes = blob_bytes_of(job->request);
    // To several, what limits is the sending itself, and they may share the work.
    bool const ahead =
        bytes && *bytes > limits::inline_blob_bytes && job->request.recipients.size() == 1;
    if (!ahead) co_return;
    auto const window = is_long(job->request) ? free_window() : 0;
    job->growing =
        std::make_shared<transfer::GrowingBlob>(world_.owner.get_executor(), *bytes, window);
    if (window > 0) windows_.push_back(job->growing);
    job->blob.bytes = *bytes;
    if (*bytes < BegunBlobs::blob_bytes_min) co_return;
    auto begin = [this, job] {
        auto begun = unfinished_.begin(job->errand, job->offer);
        job->was_named = begun && begun->draft.journal->has_end(job->blob.bytes);
        return begun;
    };
    auto unfinished = co_await world_.workers.await(std::move(begin));
    if (!unfinished) co_return;
    job->offer = unfinished->offer;
    job->draft = std::move(unfinished->draft);
    job->unfinished = true;
}

asio::awaitable<void> Depositor::encrypt(std::shared_ptr<Job> job) {
    DepositRequest const& request = job->request;
    transfer::OutgoingWay way{.outbox = world_.outbox, .growth = job->growing};
    // A gateway has it from its own proof of the part.
    if (request.label_is_final) way.digest = transfer::ContentDigest::known;
    way.draft = std::exchange(job->draft, std::nullopt);
    auto work = [this, job, way = std::move(way)]() mutable -> Result<Encrypted> {
        auto blob = encrypt_now(*job, std::move(way));
        if (!blob && !stopping_) give_up_unfinished(*job, blob.error().fault);
        if (!blob) return fail(blob.error());
        if (blob->file_from == 0) keep_begun(*job, *blob);
        auto whole = whole_if_small(*blob);
        return Encrypted{std::move(*blob), std::move(whole)};
    };
    WorkerPool& pool = is_long(request) ? encryptors_ : world_.workers;
    auto made = co_await pool.await(std::move(work));
    if (made) {
        adopt(*job, std::move(made->blob));
        job->blob.whole = std::move(made->whole);
    } else {
        job->made = fail(made.error());
    }
    if (job->growing) job->growing->end();
    job->encrypted.set();
}

/// Worker's thread, as the two that follow.
Result<transfer::OutgoingBlob> Depositor::encrypt_now(Job const& job, transfer::OutgoingWay way) {
    auto content = job.file.duplicate();
    if (!content) return fail(content.error());
    return encrypt_file(std::move(*content), job.request.source, std::move(way), world_.randomness,
                        stopping_);
}

Status Depositor::complete_now(Job& job, transfer::OutgoingBlob& blob) {
    auto content = job.file.duplicate();
    if (!content) return fail(content.error());
    auto whole =
        complete_blob(std::move(*content), job.request.source, world_.outbox, blob, stopping_);
    if (whole) keep_begun(job, blob);
    return whole;
}

/// From here on the blob itself is what a later process goes on with.
void Depositor::keep_begun(Job& job, transfer::OutgoingBlob const& blob) {
    begun_.keep(job.errand, blob, job.offer);
    forget_unfinished(job);
}

void Depositor::forget_unfinished(Job& job) {
    if (std::exchange(job.unfinished, false)) unfinished_.forget(job.errand);
}

/// A full disk is no fault of the file's: what has left of it counts once there is room.
void Depositor::give_up_unfinished(Job& job, Fault fault) {
    if (!std::exchange(job.unfinished, false)) return;
    if (fault == Fault::no_space) {
        unfinished_.leave(job.errand);
    } else {
        unfinished_.forget(job.errand);
    }
}

asio::awaitable<Status> Depositor::complete(Job& job) {
    if (job.outgoing.file_from == 0) co_return Status();
    if (job.completing) {
        co_await job.completed.wait();
        co_return job.complete;
    }
    job.completing = true;
    auto work = [this, &job,
                 blob = copy_of(job.outgoing)]() mutable -> Result<transfer::OutgoingBlob> {
        if (auto whole = complete_now(job, blob); !whole) return fail(whole.error());
        return std::move(blob);
    };
    auto blob = co_await encryptors_.await(std::move(work));
    if (blob) {
        job.blob.file = blob->file;
        job.outgoing = std::move(*blob);
    } else {
        job.complete = fail(blob.error());
    }
    job.completed.set();
    co_return job.complete;
}

void Depositor::adopt(Job& job, transfer::OutgoingBlob blob) {
    job.encrypted_at = std::chrono::steady_clock::now();
    if (!job.request.label_is_final) {
        job.request.label.bytes = blob.content_bytes;
        job.request.label.sha256 = blob.content_sha256;
    }
    // A file with a hole is nobody's.
    job.blob = {blob.id, blob.blob_bytes, blob.layer, blob.file_from == 0 ? blob.file : nullptr};
    job.deposit.content_id = blob.id;
    job.deposit.blob_bytes = blob.blob_bytes;
    job.outgoing = std::move(blob);
}

/// Once more the blob of an errand that was broken off.
asio::awaitable<bool> Depositor::take_up(std::shared_ptr<Job> job) {
    DepositRequest const& request = job->request;
    // What it becomes is hardly larger.
    if (request.source.end - request.source.begin < BegunBlobs::blob_bytes_min / 2) co_return false;
    auto look = [this, errand = job->errand] {
        auto found = begun_.take_up(errand);
        if (found) unfinished_.forget(errand);  // killed between the two
        return found;
    };
    auto begun = co_await world_.workers.await(std::move(look));
    if (!begun) co_return false;
    adopt(*job, std::move(begun->blob));
    job->offer = begun->offer;
    job->encrypted.set();
    co_return true;
}

/// Whoever comes again with the same errand goes on with the same blob, where it is worth it.
asio::awaitable<void> Depositor::settle(std::shared_ptr<Job> job) {
    bool const done = std::ranges::all_of(job->deposit.outcomes, [](auto const& outcome) {
        return outcome.stored || !outcome.ticket.empty();
    });
    // Of what is small nothing was kept: no worker need look.
    if (!job->unfinished && job->outgoing.blob_bytes < BegunBlobs::blob_bytes_min) co_return;
    auto forget = [this, job, done] {
        // Where nothing has moved there is nothing to go on with.
        if (done || job->moved.empty() || file_has_changed(*job)) forget_unfinished(*job);
        if (std::exchange(job->unfinished, false)) unfinished_.leave(job->errand);
        ContentId const& id = job->deposit.content_id;
        if (done) {
            begun_.forget(id);
        } else if (job->moved.empty()) {
            begun_.forget_if_new(id);
        }
        return true;
    };
    co_await world_.workers.await(std::move(forget));
}

}  // namespace satchel::node
