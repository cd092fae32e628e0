#include "transfer/age_file.h"

#include <algorithm>
#include <cerrno>
#include <string>

#include <unistd.h>

#include "src/base/unique_fd.h"
#include "src/core/limits.h"
#include "transfer/age_passphrase.h"

namespace satchel::transfer {

namespace {

constexpr std::size_t buffer_bytes = 256 * 1024;

/// Feeds all that `from` has, in large pieces, also where a pipe gives small ones.
Status for_each_buffer(int from, std::function<Status(ByteSpan)> const& take) {
    Bytes buffer(buffer_bytes);
    for (bool more = true; more;) {
        std::size_t filled = 0;
        while (more && filled < buffer.size()) {
            auto const n = ::read(from, buffer.data() + filled, buffer.size() - filled);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return fail(system_error("read"));
            more = n > 0;
            filled += static_cast<std::size_t>(n);
        }
        if (auto done = take(ByteSpan(buffer).first(filled)); !done) return done;
    }
    return {};
}

ByteSink into_file(int to) {
    return [to](ByteSpan bytes) { return write_all(to, bytes); };
}

/// The payload after a header that wraps `key`.
Result<Bytes> encrypt(FileKey const& key, Bytes file, ByteSpan content, Randomness& randomness) {
    auto const out = [&](ByteSpan bytes) -> Status {
        append(file, bytes);
        return {};
    };
    BlobEncryptor encryptor(key, randomness);
    if (auto done = encryptor.write(content, out); !done) return fail(done.error());
    if (auto done = encryptor.finish(out); !done) return fail(done.error());
    return file;
}

Result<Bytes> decrypt(AgeFileDecryptor decryptor, ByteSpan file, std::size_t max_content_bytes) {
    Bytes content;
    // What grew would leave copies of a secret behind.
    content.reserve(std::min(file.size(), max_content_bytes));
    auto const out = [&](ByteSpan bytes) -> Status {
        if (bytes.size() > max_content_bytes - content.size()) {
            return fail(Fault::too_large,
                        "age file holds over " + std::to_string(max_content_bytes) + " bytes");
        }
        append(content, bytes);
        return {};
    };
    if (auto done = decryptor.write(file, out); !done) return fail(done.error());
    if (auto done = decryptor.finish(out); !done) return fail(done.error());
    return content;
}

}  // namespace

Result<Bytes> encrypt_age(std::span<AgeRecipient const> recipients, ByteSpan content,
                          Randomness& randomness) {
    auto const key = make_file_key(randomness);
    auto header = make_grant(key, recipients, randomness);
    if (!header) return header;
    return encrypt(key, std::move(*header), content, randomness);
}

Result<Bytes> encrypt_age_with_passphrase(ByteSpan passphrase, ByteSpan content,
                                          Randomness& randomness) {
    auto const key = make_file_key(randomness);
    auto header = make_passphrase_header(key, passphrase, randomness);
    if (!header) return header;
    return encrypt(key, std::move(*header), content, randomness);
}

Result<Bytes> decrypt_age(std::span<AgeIdentity const> identities, ByteSpan file,
                          std::size_t max_content_bytes) {
    return decrypt(AgeFileDecryptor(identities), file, max_content_bytes);
}

Result<Bytes> decrypt_age_with_passphrase(ByteSpan passphrase, ByteSpan file,
                                          std::size_t max_content_bytes) {
    AgeFileDecryptor decryptor([passphrase](AgeHeader const& header, ByteSpan text) {
        return open_header_with_passphrase(header, text, passphrase);
    });
    return decrypt(std::move(decryptor), file, max_content_bytes);
}

AgeFileDecryptor::AgeFileDecryptor(std::span<AgeIdentity const> identities)
    : AgeFileDecryptor([identities](AgeHeader const& header, ByteSpan text) {
        return open_header(header, text, identities);
    }) {}

Status AgeFileDecryptor::write(ByteSpan file, ByteSink const& out) {
    if (payload_) return payload_->write(file, out);
    // Never more than a header's bound is gathered, however much comes at once.
    while (!file.empty()) {
        auto const n = std::min(file.size(), limits::age_header_bytes - header_.size());
        append(header_, file.first(n));
        file = file.subspan(n);
        auto const header = parse_age_header(header_);
        if (!header) return fail(header.error());
        if (!*header) continue;
        auto const key = open_header_(**header, header_);
        if (!key) return fail(key.error());
        payload_.emplace(*key);
        auto const rest = ByteSpan(header_).subspan((*header)->size);
        if (auto done = payload_->write(rest, out); !done) return done;
        header_.clear();
        return payload_->write(file, out);
    }
    return {};
}

Status AgeFileDecryptor::finish(ByteSink const& out) {
    if (!payload_) return fail(Fault::corrupt, "age header: truncated");
    return payload_->finish(out);
}

Status encrypt_age_stream(std::span<AgeRecipient const> recipients, int from, int to,
                          Randomness& randomness) {
    auto const key = make_file_key(randomness);
    auto const header = make_grant(key, recipients, randomness);
    if (!header) return fail(header.error());
    if (auto done = write_all(to, *header); !done) return done;
    auto const out = into_file(to);
    BlobEncryptor encryptor(key, randomness);
    auto const read =
        for_each_buffer(from, [&](ByteSpan bytes) { return encryptor.write(bytes, out); });
    return read ? encryptor.finish(out) : read;
}

Status decrypt_age_stream(std::span<AgeIdentity const> identities, int from, int to) {
    auto const out = into_file(to);
    AgeFileDecryptor decryptor(identities);
    auto const read =
        for_each_buffer(from, [&](ByteSpan bytes) { return decryptor.write(bytes, out); });
    return read ? decryptor.finish(out) : read;
}

}  // namespace satchel::transfer
