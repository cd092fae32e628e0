#include "src/node/deposit_request.h"

#include <set>

#include <sys/stat.h>

#include "src/base/sha256.h"
#include "src/node/content_reader.h"
#include "transfer/age_stream.h"

namespace satchel::node {

namespace {

/// What a write to a file changes.
struct FileVersion {
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    std::int64_t bytes = 0;

    friend bool operator==(FileVersion const&, FileVersion const&) = default;
};

Result<struct stat> state_of(int fd) {
    struct stat state {};

    if (::fstat(fd, &state) != 0) return fail(system_error("a file to be sent"));
    return state;
}

FileVersion version_of(struct stat const& state) {
    return {state.st_mtim.tv_sec, state.st_mtim.tv_nsec, state.st_size};
}

/// It moves with every write, and can't be set back; but with a mere rename or link, too.
std::pair<std::int64_t, std::int64_t> change_time_of(struct stat const& state) {
    return {state.st_ctim.tv_sec, state.st_ctim.tv_nsec};
}

/// Is that what can be read there now?
Result<bool> reads_as(UniqueFd file, mailgw::AttachmentSource const& source,
                      Sha256Digest const& digest) {
    ContentReader reader(std::move(file), source);
    Sha256 hash;
    Bytes buffer(1024 * 1024);
    for (;;) {
        auto const got = reader.read(buffer);
        if (!got) return fail(got.error());
        if (*got == 0) return hash.finish() == digest;
        hash.update(ByteSpan(buffer).first(*got));
    }
}

transfer::ContentReader until_stopped(ContentReader& reader, std::atomic<bool> const& stopping) {
    return [&](std::span<Byte> buffer) -> Result<std::size_t> {
        if (stopping) return fail(Fault::unavailable, "the node is being stopped");
        return reader.read(buffer);
    };
}

}  // namespace

Result<Errand> errand_of(int fd, DepositRequest const& request) {
    auto const state = state_of(fd);
    if (!state) return fail(state.error());
    mailgw::AttachmentSource const& source = request.source;
    std::set<std::string> addresses;
    for (Address const& address : request.recipients)
        addresses.insert(address.text());
    std::string text;
    auto const say = [&text](auto number) { text += std::to_string(number) + ' '; };
    say(state->st_dev);
    say(state->st_ino);
    say(state->st_size);
    for (timespec const& time : {state->st_mtim, state->st_ctim}) {
        say(time.tv_sec);
        say(time.tv_nsec);
    }
    say(source.begin);
    say(source.end);
    say(static_cast<int>(source.decoding));
    say(static_cast<int>(request.label_is_final));
    for (std::string const& address : addresses)
        text += address + ' ';
    text += request.sender;
    return sha256(bytes_of(text));
}

std::optional<std::uint64_t> blob_bytes_of(DepositRequest const& request) {
    using Decoding = mailgw::AttachmentSource::Decoding;
    switch (request.source.decoding) {
        case Decoding::identity:
            return transfer::blob_bytes_for(request.source.end - request.source.begin);
        case Decoding::base64:
            if (!request.label_is_final) return std::nullopt;
            return transfer::blob_bytes_for(request.label.bytes);
        case Decoding::deflate_text:
            return std::nullopt;
    }
    return std::nullopt;
}

Result<transfer::OutgoingBlob> encrypt_file(UniqueFd file, mailgw::AttachmentSource const& source,
                                            transfer::OutgoingWay way, Randomness& randomness,
                                            std::atomic<bool> const& stopping) {
    auto watched = file.duplicate();
    if (!watched) return fail(watched.error());
    auto const before = state_of(watched->get());
    if (!before) return fail(before.error());
    ContentReader reader(std::move(file), source);
    auto const read = until_stopped(reader, stopping);
    auto const digest = way.digest;
    auto blob = transfer::make_outgoing_blob(read, std::move(way), randomness);
    if (!blob) return blob;
    auto const after = state_of(watched->get());
    if (!after) return fail(after.error());
    bool changed = version_of(*after) != version_of(*before);
    bool const touched = change_time_of(*after) != change_time_of(*before);
    if (!changed && touched && digest == transfer::ContentDigest::wanted) {
        auto const same = reads_as(std::move(*watched), source, blob->content_sha256);
        if (!same) return fail(same.error());
        changed = !*same;
    }
    if (changed) return fail(Fault::corrupt, "the file changed while it was read");
    return blob;
}

Status complete_blob(UniqueFd file, mailgw::AttachmentSource const& source,
                     std::filesystem::path const& outbox, transfer::OutgoingBlob& blob,
                     std::atomic<bool> const& stopping) {
    ContentReader reader(std::move(file), source);
    auto const read = until_stopped(reader, stopping);
    return transfer::complete_outgoing_blob(read, outbox, blob);
}

}  // namespace satchel::node
