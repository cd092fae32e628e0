#include "src/node/unfinished_blobs.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <functional>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/atomic_file.h"
#include "src/base/hex.h"
#include "src/core/limits.h"
#include "src/core/msgpack_codec.h"
#include "transfer/age_file.h"
#include "transfer/age_grant.h"

namespace satchel::node {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t job_fields = 5;
constexpr std::uint64_t job_version = 1;
constexpr std::size_t boot_octets = 64;
constexpr std::size_t job_bytes = limits::grant_bytes + 512;
constexpr std::size_t sealed_job_bytes = job_bytes + 4096;
constexpr std::chrono::seconds lifetime{BegunBlobs::lifetime_seconds};
constexpr char const* job_suffix = ".job";
constexpr char const* journal_suffix = ".journal";

/// Newest first.
struct Left {
    std::filesystem::file_time_type written;
    Errand errand{};
};

std::optional<Errand> errand_in(fs::path const& file) {
    auto const bytes = from_hex(file.stem().string());
    Errand errand{};
    if (file.extension() != job_suffix || !bytes || bytes->size() != errand.size())
        return std::nullopt;
    std::ranges::copy(*bytes, errand.begin());
    return errand;
}

}  // namespace

std::string machine_boot() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string id;
    file >> id;
    return id.size() <= boot_octets ? id : std::string();
}

UnfinishedBlobs::UnfinishedBlobs(World world)
    : world_(std::move(world)) {
    ::mkdir(world_.folder.c_str(), 0700);
    std::error_code error;
    std::vector<Left> found;
    std::vector<fs::path> files;
    for (auto it = fs::directory_iterator(world_.folder, error);
         !error && it != fs::directory_iterator(); it.increment(error)) {
        files.push_back(it->path());
    }
    for (fs::path const& file : files) {
        auto const errand = errand_in(file);
        if (!errand || !open(*errand)) continue;
        std::error_code gone;
        auto const written = fs::last_write_time(journal_file(*errand), gone);
        if (gone || fs::file_time_type::clock::now() - written > lifetime) continue;
        found.push_back({written, *errand});
    }
    std::ranges::sort(found, std::greater(), &Left::written);
    if (found.size() > kept_max) found.resize(kept_max);
    for (Left const& one : found)
        left_.push_front(one.errand);
    for (fs::path const& file : files) {
        bool const wanted = std::ranges::any_of(left_, [&](Errand const& errand) {
            return file == job_file(errand) || file == journal_file(errand);
        });
        if (!wanted) ::unlink(file.c_str());
    }
}

fs::path UnfinishedBlobs::journal_file(Errand const& errand) const {
    return world_.folder / (to_hex(errand) + journal_suffix);
}

fs::path UnfinishedBlobs::job_file(Errand const& errand) const {
    return world_.folder / (to_hex(errand) + job_suffix);
}

void UnfinishedBlobs::remove(Errand const& errand) const {
    ::unlink(job_file(errand).c_str());
    ::unlink(journal_file(errand).c_str());
}

std::optional<UnfinishedBlobs::Unfinished> UnfinishedBlobs::open(Errand const& errand) const {
    auto const sealed = read_whole_file(job_file(errand), sealed_job_bytes);
    if (!sealed) return std::nullopt;
    auto const job = transfer::decrypt_age(world_.identities, *sealed, job_bytes);
    if (!job) return std::nullopt;
    auto const value = decode_msgpack(*job, job_bytes);
    if (!value) return std::nullopt;
    auto fields = MsgpackFields::of_array(*value, job_fields);
    bool known = fields.number(0) == job_version;
    known = fields.binary_of<32>(1) == errand && known;
    known = fields.text(2, boot_octets) == world_.boot && known;
    Unfinished found;
    found.offer.bytes = fields.binary_of<16>(3);
    Bytes const grant = fields.binary(4, limits::grant_bytes);
    if (!known || world_.boot.empty() || !fields.status()) return std::nullopt;
    auto key = transfer::open_grant(grant, world_.identities);
    if (!key) return std::nullopt;
    auto file = open_file(journal_file(errand).string(), O_RDWR);
    if (!file) return std::nullopt;
    found.draft = {std::move(*key), std::make_shared<transfer::BlobJournal>(std::move(*file))};
    return found;
}

/// Not synced: what a power cut leaves of it is not gone on with.
std::optional<UnfinishedBlobs::Unfinished> UnfinishedBlobs::create(Errand const& errand,
                                                                   OfferId const& offer) const {
    Unfinished made{{transfer::make_file_key(world_.randomness), nullptr}, offer};
    std::array<AgeRecipient, 1> const own{world_.identities.front().recipient()};
    auto const grant = transfer::make_grant(made.draft.key, own, world_.randomness);
    if (!grant) return std::nullopt;
    MsgpackWriter out;
    out.array(job_fields)
        .number(job_version)
        .binary(errand)
        .text(world_.boot)
        .binary(offer.bytes)
        .binary(*grant);
    auto const sealed = transfer::encrypt_age(own, out.take(), world_.randomness);
    if (!sealed) return std::nullopt;
    // Never over something that is there: it may be another version.
    int const anew = O_CREAT | O_EXCL;
    auto file = open_file(journal_file(errand).string(), O_RDWR | anew);
    if (!file) return std::nullopt;
    auto const job = open_file(job_file(errand).string(), O_WRONLY | anew);
    if (!job || !write_all(job->get(), *sealed)) {
        remove(errand);
        return std::nullopt;
    }
    made.draft.journal = std::make_shared<transfer::BlobJournal>(std::move(*file));
    return made;
}

std::optional<UnfinishedBlobs::Unfinished> UnfinishedBlobs::begin(Errand const& errand,
                                                                  OfferId const& offer) {
    std::lock_guard const lock(mutex_);
    if (world_.boot.empty() || current_.contains(errand)) return std::nullopt;
    std::optional<Unfinished> found;
    if (std::erase(left_, errand) > 0) {
        found = open(errand);
        if (!found) remove(errand);
    }
    if (!found) found = create(errand, offer);
    if (found) current_.insert(errand);
    return found;
}

void UnfinishedBlobs::forget(Errand const& errand) {
    std::lock_guard const lock(mutex_);
    if (current_.erase(errand) + std::erase(left_, errand) > 0) remove(errand);
}

void UnfinishedBlobs::leave(Errand const& errand) {
    std::lock_guard const lock(mutex_);
    if (current_.erase(errand) == 0) return;
    left_.push_back(errand);
    if (left_.size() <= kept_max) return;
    remove(left_.front());
    left_.pop_front();
}

}  // namespace satchel::node
