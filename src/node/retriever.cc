#include "src/node/retriever.h"

#include <algorithm>
#include <memory>

#include "src/base/deflate.h"
#include "src/core/limits.h"
#include "src/node/mail_decoding.h"
#include "transfer/age_file.h"
#include "transfer/age_grant.h"
#include "transfer/age_stream.h"

namespace satchel::node {

namespace {

constexpr std::size_t read_bytes = 1024 * 1024;

/// Takes the content of a blob as it is decrypted, and writes the file that it stands for.
class FileWriter {
public:
    FileWriter(int out, FileLabel const* label)
        : out_(out)
        , label_(label)
        , decoder_(label != nullptr ? label->encoding : "") {}

    Status take(ByteSpan content) {
        if (!is_verbatim()) return take_content(content);
        inflated_.clear();
        // The label says how much there is: more is a bomb.
        std::uint64_t const left = label_->bytes - std::min(label_->bytes, content_bytes_);
        if (auto inflated = inflater_.write(content, inflated_, static_cast<std::size_t>(left));
            !inflated) {
            return inflated;
        }
        return take_content(inflated_);
    }

    Status finish() {
        decoded_.clear();
        decoder_.finish(decoded_);
        if (auto written = write(decoded_); !written) return written;
        if (is_verbatim() && !inflater_.ended())
            return fail(Fault::corrupt, "the content is truncated");
        content_digest_ = content_.finish();
        file_digest_ = is_verbatim() ? file_.finish() : content_digest_;
        // The AEAD does not commit to its key: only the sealed digest tells that this is what was
        // sent.
        if (label_ != nullptr &&
            (label_->sha256 != content_digest_ || label_->bytes != content_bytes_)) {
            return fail(Fault::corrupt, "this is not the content that the sender described");
        }
        return {};
    }

    std::uint64_t file_bytes() const { return file_bytes_; }

    Sha256Digest const& file_digest() const { return file_digest_; }

private:
    bool is_verbatim() const { return label_ != nullptr && !label_->encoding.empty(); }

    Status take_content(ByteSpan content) {
        content_.update(content);
        content_bytes_ += content.size();
        if (!is_verbatim()) return write(content);
        decoded_.clear();
        decoder_.write(content, decoded_);
        file_.update(decoded_);
        return write(decoded_);
    }

    Status write(ByteSpan bytes) {
        file_bytes_ += bytes.size();
        return write_all(out_, bytes);
    }

    int out_;
    FileLabel const* label_;
    MailDecoder decoder_;
    Inflater inflater_;
    Sha256 content_;
    Sha256 file_;
    Bytes inflated_;
    Bytes decoded_;
    std::uint64_t content_bytes_ = 0;
    std::uint64_t file_bytes_ = 0;
    Sha256Digest content_digest_{};
    Sha256Digest file_digest_{};
};

}  // namespace

std::optional<FileLabel> Retriever::label_of(transfer::HeldBlob const& blob) const {
    for (transfer::Holding const& holding : blob.holdings) {
        auto const opened =
            transfer::decrypt_age(identity_.age, holding.label, limits::label_bytes);
        if (!opened) continue;
        if (auto label = decode_label(*opened)) return std::move(*label);
    }
    return std::nullopt;
}

Result<Retrieved> Retriever::open_blob(RetrieveOrder const& order, int out,
                                       Progress const& progress) const {
    auto const held = store_.find(order.content_id);
    if (!held) return fail(held.error());
    if (!*held)
        return fail(Fault::not_found, order.content_id.short_form() + "… is not stored here");
    std::vector<Bytes> grants;
    if (order.grant) grants.push_back(*order.grant);
    if (!order.as_held) {
        for (transfer::Holding const& holding : (*held)->holdings)
            grants.push_back(holding.grant);
    }
    Result<transfer::FileKey> key = fail(Fault::refused, "nothing says how to open it");
    for (Bytes const& grant : grants) {
        key = transfer::open_grant(grant, identity_.age);
        if (key) break;
    }
    if (!key) return fail(key.error());
    auto const blob = store_.open(order.content_id);
    if (!blob) return fail(blob.error());
    auto const label = order.as_held ? std::nullopt : label_of(**held);
    FileWriter writer(out, label ? &*label : nullptr);
    transfer::BlobDecryptor decryptor(*key);
    auto const sink = [&writer](ByteSpan content) { return writer.take(content); };
    Bytes buffer(read_bytes);
    for (std::uint64_t at = 0;;) {
        auto const got = read_at(blob->get(), buffer, at);
        if (!got) return fail(got.error());
        if (*got == 0) break;
        at += *got;
        if (auto done = decryptor.write(ByteSpan(buffer).first(*got), sink); !done)
            return fail(done.error());
        if (progress) progress(at, (*held)->size);
    }
    if (auto done = decryptor.finish(sink); !done) return fail(done.error());
    if (auto done = writer.finish(); !done) return fail(done.error());
    return Retrieved{.content_id = order.content_id,
                     .bytes = writer.file_bytes(),
                     .sha256 = writer.file_digest(),
                     .name = label ? label->name : "",
                     .source = "own node"};
}

asio::awaitable<Result<Retrieved>> Retriever::retrieve(RetrieveOrder order, UniqueFd out,
                                                       Progress progress) {
    auto file = std::make_shared<UniqueFd>(std::move(out));
    auto to_owner = [&owner = owner_, progress](std::uint64_t done, std::uint64_t total) {
        if (progress) asio::post(owner, [progress, done, total] { progress(done, total); });
    };
    auto work = [this, order, file, to_owner] { return open_blob(order, file->get(), to_owner); };
    co_return co_await workers_.await(std::move(work));
}

}  // namespace satchel::node
