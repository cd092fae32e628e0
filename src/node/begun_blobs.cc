#include "src/node/begun_blobs.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/atomic_file.h"
#include "src/core/limits.h"
#include "src/core/msgpack_codec.h"
#include "transfer/age_file.h"
#include "transfer/age_grant.h"
#include "transfer/control_limits.h"
#include "transfer/merkle_root.h"

namespace satchel::node {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t job_fields = 9;
constexpr std::uint64_t job_version = 1;
constexpr std::size_t job_bytes = transfer::control_limits::layer_bytes + 512;
constexpr std::size_t sealed_job_bytes = job_bytes + job_bytes / 1024 + 4096;
constexpr std::size_t read_bytes = 1024 * 1024;
constexpr char const* job_suffix = ".job";

/// A file nobody has named gets a name. False where the file system can't.
bool give_name(int fd, fs::path const& name) {
    std::string const now = "/proc/self/fd/" + std::to_string(fd);
    return ::linkat(AT_FDCWD, now.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

std::vector<fs::directory_entry> files_in(fs::path const& folder) {
    std::error_code error;
    std::vector<fs::directory_entry> files;
    for (auto it = fs::directory_iterator(folder, error); !error && it != fs::directory_iterator();
         it.increment(error)) {
        files.push_back(*it);
    }
    return files;
}

std::uint64_t written_at(fs::path const& file) {
    struct stat state {};

    bool const known = ::stat(file.c_str(), &state) == 0;
    return known ? static_cast<std::uint64_t>(std::max<std::time_t>(state.st_mtime, 0)) : 0;
}

Result<ContentId> hash_again(int fd) {
    transfer::MerkleHasher hasher;
    Bytes buffer(read_bytes);
    for (std::uint64_t at = 0;;) {
        auto const got = read_at(fd, buffer, at);
        if (!got) return fail(got.error());
        if (*got == 0) break;
        at += *got;
        hasher.write(ByteSpan(buffer).first(*got));
    }
    auto const tree = hasher.finish();
    if (!tree) return fail(tree.error());
    return tree->root;
}

}  // namespace

struct BegunBlobs::Begun {
    Errand errand{};
    OfferId offer{};
    transfer::OutgoingBlob blob;  ///< but for the file
};

BegunBlobs::BegunBlobs(World world)
    : world_(std::move(world)) {
    ::mkdir(world_.folder.c_str(), 0700);
    auto const now = world_.clock.unix_seconds();
    for (auto const& file : files_in(world_.folder)) {
        auto const id = ContentId::parse(file.path().stem().string());
        bool const paired = id && fs::exists(job_file(*id)) && fs::exists(blob_file(*id));
        if (paired && written_at(job_file(*id)) + lifetime_seconds > now) continue;
        ::unlink(file.path().c_str());
    }
}

fs::path BegunBlobs::blob_file(ContentId const& id) const {
    return world_.folder / id.to_hex();
}

fs::path BegunBlobs::job_file(ContentId const& id) const {
    return world_.folder / (id.to_hex() + job_suffix);
}

std::optional<BegunBlobs::Begun> BegunBlobs::read_job(fs::path const& file) const {
    auto const sealed = read_whole_file(file, sealed_job_bytes);
    if (!sealed) return std::nullopt;
    auto const job = transfer::decrypt_age(world_.identities, *sealed, job_bytes);
    if (!job) return std::nullopt;
    auto const value = decode_msgpack(*job, job_bytes);
    if (!value) return std::nullopt;
    auto fields = MsgpackFields::of_array(*value, job_fields);
    Begun begun;
    bool const known = fields.number(0) == job_version;
    begun.errand = fields.binary_of<32>(1);
    begun.blob.id.bytes = fields.binary_of<32>(2);
    begun.blob.blob_bytes = fields.number(3);
    begun.blob.layer = fields.binary(4, transfer::control_limits::layer_bytes);
    Bytes const grant = fields.binary(5, limits::grant_bytes);
    begun.blob.content_bytes = fields.number(6);
    begun.blob.content_sha256 = fields.binary_of<32>(7);
    begun.offer.bytes = fields.binary_of<16>(8);
    if (!known || !fields.status()) return std::nullopt;
    auto key = transfer::open_grant(grant, world_.identities);
    if (!key) return std::nullopt;
    begun.blob.key = std::move(*key);
    return begun;
}

std::optional<BegunBlobs::TakenUp> BegunBlobs::open(Begun begun) const {
    auto file = open_file(blob_file(begun.blob.id).string(), O_RDONLY);
    if (!file) return std::nullopt;
    auto const size = file_size(file->get());
    if (!size || *size != begun.blob.blob_bytes) return std::nullopt;
    auto const id = hash_again(file->get());
    if (!id || *id != begun.blob.id) return std::nullopt;
    begun.blob.file = std::make_shared<UniqueFd>(std::move(*file));
    return TakenUp{std::move(begun.blob), begun.offer};
}

std::optional<BegunBlobs::TakenUp> BegunBlobs::take_up(Errand const& errand) {
    std::optional<Begun> found;
    {
        std::lock_guard const lock(mutex_);
        for (auto const& file : files_in(world_.folder)) {
            if (file.path().extension() != job_suffix) continue;
            auto begun = read_job(file.path());
            if (!begun || begun->errand != errand) continue;
            found = std::move(begun);
            break;
        }
    }
    if (!found) return std::nullopt;
    ContentId const id = found->blob.id;
    auto blob = open(std::move(*found));
    if (!blob) {
        forget(id);
        return std::nullopt;
    }
    std::lock_guard const lock(mutex_);
    taken_up_.insert(id);
    return blob;
}

/// For one more, of so many bytes; the oldest give way. The mutex is held.
void BegunBlobs::make_room(std::uint64_t bytes) {
    std::vector<std::pair<std::uint64_t, ContentId>> kept;
    for (auto const& file : files_in(world_.folder)) {
        if (file.path().extension() != job_suffix) continue;
        auto const id = ContentId::parse(file.path().stem().string());
        if (id) kept.emplace_back(written_at(file.path()), *id);
    }
    std::ranges::sort(kept, std::greater());
    auto const now = world_.clock.unix_seconds();
    std::size_t count = 1;
    for (auto const& [written, id] : kept) {
        std::error_code gone;
        std::uint64_t const size = fs::file_size(blob_file(id), gone);
        bool const fits = !gone && count < kept_max && bytes <= world_.bytes_max &&
                          size <= world_.bytes_max - bytes;
        if (fits && written + lifetime_seconds > now) {
            bytes += size;
            ++count;
            continue;
        }
        ::unlink(job_file(id).c_str());
        ::unlink(blob_file(id).c_str());
    }
}

void BegunBlobs::keep(Errand const& errand, transfer::OutgoingBlob const& blob,
                      OfferId const& offer) {
    if (blob.blob_bytes < blob_bytes_min) return;
    std::array<AgeRecipient, 1> const own{world_.identities.front().recipient()};
    auto const grant = transfer::make_grant(blob.key, own, world_.randomness);
    if (!grant) return;
    MsgpackWriter out;
    out.array(job_fields)
        .number(job_version)
        .binary(errand)
        .binary(blob.id.bytes)
        .number(blob.blob_bytes)
        .binary(blob.layer)
        .binary(*grant)
        .number(blob.content_bytes)
        .binary(blob.content_sha256)
        .binary(offer.bytes);
    Bytes const job = out.take();
    auto const sealed = transfer::encrypt_age(own, job, world_.randomness);
    if (!sealed) return;
    std::lock_guard const lock(mutex_);
    make_room(blob.blob_bytes);
    if (!give_name(blob.file->get(), blob_file(blob.id))) return;
    auto const file = open_file(job_file(blob.id).string(), O_WRONLY | O_CREAT | O_TRUNC);
    if (file && write_all(file->get(), *sealed)) return;
    ::unlink(job_file(blob.id).c_str());
    ::unlink(blob_file(blob.id).c_str());
}

void BegunBlobs::forget(ContentId const& id) {
    std::lock_guard const lock(mutex_);
    taken_up_.erase(id);
    ::unlink(job_file(id).c_str());
    ::unlink(blob_file(id).c_str());
}

void BegunBlobs::forget_if_new(ContentId const& id) {
    {
        std::lock_guard const lock(mutex_);
        if (taken_up_.contains(id)) return;
    }
    forget(id);
}

}  // namespace satchel::node
