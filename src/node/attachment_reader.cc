#include "src/node/attachment_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "src/core/limits.h"
#include "src/node/file_decoder.h"
#include "src/node/label_opener.h"
#include "transfer/age_stream.h"

namespace satchel::node {

namespace {

constexpr std::size_t read_bytes = 1024 * 1024;
constexpr std::size_t nonce_bytes = 16;
constexpr std::size_t beginning_bytes = 512;
constexpr std::size_t remembered_max = 1'000;

/// The content of a blob, from the start of one of its chunks on.
class BlobContent {
public:
    static Result<BlobContent> open(UniqueFd blob, transfer::FileKey const& key,
                                    std::uint64_t chunk) {
        std::array<Byte, nonce_bytes> nonce{};
        auto const got = read_at(blob.get(), nonce, 0);
        if (!got) return fail(got.error());
        if (*got < nonce.size()) return fail(Fault::corrupt, "the blob is cut short");
        return BlobContent(std::move(blob), transfer::BlobDecryptor(key, nonce, chunk),
                           transfer::blob_offset_of_chunk(chunk));
    }

    /// False at the end, which is authentic then.
    Result<bool> pump(transfer::ByteSink const& out) {
        if (ended_) return false;
        buffer_.resize(read_bytes);
        auto const got = read_at(blob_.get(), buffer_, at_);
        if (!got) return fail(got.error());
        at_ += *got;
        ended_ = *got == 0;
        auto const done =
            ended_ ? decryptor_.finish(out) : decryptor_.write(ByteSpan(buffer_).first(*got), out);
        if (!done) return fail(done.error());
        return true;
    }

private:
    BlobContent(UniqueFd blob, transfer::BlobDecryptor decryptor, std::uint64_t at)
        : blob_(std::move(blob))
        , decryptor_(std::move(decryptor))
        , at_(at) {}

    UniqueFd blob_;
    transfer::BlobDecryptor decryptor_;
    std::uint64_t at_;
    bool ended_ = false;
    Bytes buffer_;
};

/// Where the content is not the file itself, reading begins at its first byte all the same.
class ContentCursor final : public AttachmentCursor {
public:
    ContentCursor(BlobContent content, std::optional<FileLabel> label, std::uint64_t skip)
        : content_(std::move(content))
        , label_(std::move(label))
        , file_([this](ByteSpan bytes) { return take(bytes); }, label_ ? &*label_ : nullptr)
        , decodes_(label_ && !label_->encoding.empty())
        , skip_(skip) {}

    Result<Bytes> next() override {
        out_.clear();
        auto const sink = [this](ByteSpan bytes) {
            return decodes_ ? file_.take(bytes) : take(bytes);
        };
        while (out_.empty()) {
            auto const more = content_.pump(sink);
            if (!more) return fail(more.error());
            if (*more) continue;
            if (!decodes_ || std::exchange(finished_, true)) break;
            if (auto done = file_.finish(); !done) return fail(done.error());
        }
        return std::move(out_);
    }

private:
    Status take(ByteSpan bytes) {
        auto const skipped = std::min<std::uint64_t>(skip_, bytes.size());
        skip_ -= skipped;
        append(out_, bytes.subspan(static_cast<std::size_t>(skipped)));
        return {};
    }

    BlobContent content_;
    std::optional<FileLabel> label_;
    FileDecoder file_;
    bool decodes_;
    std::uint64_t skip_;
    bool finished_ = false;
    Bytes out_;
};

}  // namespace

Result<AttachmentReader::Checked> AttachmentReader::open_and_check(ContentId const& id,
                                                                   Checked const& before) const {
    auto const held = store_.find(id);
    if (!held) return fail(held.error());
    if (!*held) return fail(Fault::not_found, id.short_form() + "… is not stored here");
    auto opened = open_for_owner(**held, identity_.age);
    if (!opened) return fail(opened.error());
    // The same bytes under another key would be another file.
    bool const same = before && before->label == opened->label &&
                      std::ranges::equal(before->key->view(), opened->key.view());
    if (same) return before;
    auto blob = store_.open(id);
    if (!blob) return fail(blob.error());
    auto content = BlobContent::open(std::move(*blob), opened->key, 0);
    if (!content) return fail(content.error());
    auto checked = std::make_shared<CheckedAttachment>();
    checked->id = id;
    checked->blob_bytes = (*held)->size;
    checked->label = std::move(opened->label);
    FileDecoder file(
        [&beginning = checked->beginning](ByteSpan bytes) -> Status {
            append(beginning,
                   bytes.first(std::min(bytes.size(), beginning_bytes - beginning.size())));
            return {};
        },
        checked->label ? &*checked->label : nullptr);
    auto const sink = [&file](ByteSpan bytes) { return file.take(bytes); };
    for (;;) {
        auto const more = content->pump(sink);
        if (!more) return fail(more.error());
        if (stopped_) return fail(Fault::unavailable, "this node is stopping");
        if (!*more) break;
    }
    if (auto done = file.finish(); !done) return fail(done.error());
    checked->bytes = file.file_bytes();
    checked->sha256 = file.file_digest();
    checked->key = std::make_shared<transfer::FileKey const>(std::move(opened->key));
    return Checked(std::move(checked));
}

asio::awaitable<Result<std::shared_ptr<CheckedAttachment const>>> AttachmentReader::check(
    ContentId id) {
    auto const found = checked_.find(id);
    auto work = [this, id, before = found == checked_.end() ? Checked() : found->second] {
        return open_and_check(id, before);
    };
    auto checked = co_await workers_.await(std::move(work));
    if (!checked) {
        checked_.erase(id);
        co_return checked;
    }
    if (checked_.size() >= remembered_max) checked_.erase(checked_.begin());
    checked_.insert_or_assign(id, *checked);
    co_return checked;
}

Result<std::unique_ptr<AttachmentCursor>> AttachmentReader::read(
    CheckedAttachment const& attachment, std::uint64_t first) const {
    auto blob = store_.open(attachment.id);
    if (!blob) return fail(blob.error());
    bool const decodes = attachment.label && !attachment.label->encoding.empty();
    std::uint64_t const chunk = decodes ? 0 : first / limits::age_chunk_bytes;
    std::uint64_t const skip = decodes ? first : first % limits::age_chunk_bytes;
    if (first >= attachment.bytes) return fail(Fault::too_large, "beyond the end of the file");
    auto content = BlobContent::open(std::move(*blob), *attachment.key, chunk);
    if (!content) return fail(content.error());
    return std::unique_ptr<AttachmentCursor>(
        std::make_unique<ContentCursor>(std::move(*content), attachment.label, skip));
}

}  // namespace satchel::node
