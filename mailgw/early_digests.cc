#include "mailgw/early_digests.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include <fcntl.h>

namespace satchel::mailgw {

struct EarlyDigests::Job {
    Job(std::string name, UniqueFd fd)
        : id(std::move(name))
        , file(std::make_unique<GrowingFile>(std::move(fd))) {}

    std::string id;
    std::unique_ptr<GrowingFile> file;  ///< null once it was read
    std::thread thread;
    // Guarded by the mutex of all.
    bool done = false;
    std::optional<EarlyDigest> digest;
};

EarlyDigests::~EarlyDigests() {
    abandon_all();
    for (auto* const list : {&jobs_, &leaving_})
        for (auto const& job : *list)
            if (job->thread.joinable()) job->thread.join();
}

EarlyDigests::Following::~Following() {
    if (!complete_) all_.drop(job_->id);
}

void EarlyDigests::Following::grown_to(std::uint64_t bytes) {
    std::lock_guard const guard(all_.mutex_);
    if (job_->file) job_->file->grown_to(bytes);
}

void EarlyDigests::Following::complete() {
    complete_ = true;
    std::lock_guard const guard(all_.mutex_);
    if (job_->file) job_->file->complete();
}

std::list<std::shared_ptr<EarlyDigests::Job>>::iterator EarlyDigests::find(std::string const& id) {
    return std::find_if(jobs_.begin(), jobs_.end(),
                        [&](std::shared_ptr<Job> const& job) { return job->id == id; });
}

/// Its thread ends soon, and is joined by a later call.
void EarlyDigests::discard(std::list<std::shared_ptr<Job>>::iterator at) {
    if ((*at)->file) (*at)->file->abandon();
    leaving_.splice(leaving_.end(), jobs_, at);
}

void EarlyDigests::bury() {
    std::erase_if(leaving_, [](std::shared_ptr<Job> const& job) {
        if (job->done && job->thread.joinable()) job->thread.join();
        return job->done;
    });
}

std::unique_ptr<EarlyDigests::Following> EarlyDigests::follow(std::string const& id, int fd) {
    UniqueFd mine(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (!mine) return nullptr;
    std::lock_guard const guard(mutex_);
    bury();
    auto const running = static_cast<std::size_t>(std::count_if(
        jobs_.begin(), jobs_.end(), [](std::shared_ptr<Job> const& job) { return !job->done; }));
    if (ended_ || running + leaving_.size() >= at_once_max) return nullptr;
    if (jobs_.size() >= kept_max) {
        auto const oldest = std::find_if(jobs_.begin(), jobs_.end(),
                                         [](std::shared_ptr<Job> const& job) { return job->done; });
        discard(oldest);
    }
    auto job = std::make_shared<Job>(id, std::move(mine));
    try {
        job->thread = std::thread([this, job] { read(job); });
    } catch (std::system_error const&) {
        return nullptr;  // too many threads: then later
    }
    jobs_.push_back(job);
    return std::make_unique<Following>(*this, std::move(job));
}

void EarlyDigests::read(std::shared_ptr<Job> const& job) {
    auto digest = digest_early(*job->file);
    std::lock_guard const guard(mutex_);
    job->file.reset();
    if (digest) job->digest = std::move(*digest);
    job->done = true;
    done_.notify_all();
}

std::optional<EarlyDigest> EarlyDigests::take(std::string const& id) {
    std::unique_lock lock(mutex_);
    auto const found = find(id);
    if (found == jobs_.end()) return std::nullopt;
    auto const job = *found;
    done_.wait(lock, [&] { return job->done; });
    auto digest = std::exchange(job->digest, std::nullopt);
    if (auto const still = find(id); still != jobs_.end()) discard(still);
    bury();
    return digest;
}

void EarlyDigests::drop(std::string const& id) {
    std::lock_guard const guard(mutex_);
    if (auto const found = find(id); found != jobs_.end()) discard(found);
}

void EarlyDigests::abandon_all() {
    std::lock_guard const guard(mutex_);
    ended_ = true;
    for (auto const& job : jobs_)
        if (job->file) job->file->abandon();
}

}  // namespace satchel::mailgw
