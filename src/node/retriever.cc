#include "src/node/retriever.h"

#include <algorithm>
#include <memory>

#include "src/base/uncached_file.h"
#include "src/node/file_decoder.h"
#include "src/node/label_opener.h"
#include "transfer/age_grant.h"
#include "transfer/age_stream.h"
#include "transfer/background.h"

namespace satchel::node {

namespace {

constexpr std::size_t read_bytes = 512 * 1024;
constexpr std::size_t write_bytes = 1024 * 1024;

/// What was decrypted, on its way to a file: a chunk comes, many are written at once.
class OpenedFile {
public:
    OpenedFile(int fd, bool is_large)
        : fd_(fd)
        , is_large_(is_large) {
        if (is_large_) pending_.reserve(write_bytes);
    }

    Status take(ByteSpan bytes) {
        if (!is_large_) return told(write_all(fd_, bytes));
        while (!bytes.empty()) {
            auto const part = bytes.first(std::min(bytes.size(), write_bytes - pending_.size()));
            append(pending_, part);
            bytes = bytes.subspan(part.size());
            if (pending_.size() < write_bytes) continue;
            if (auto done = flush(); !done) return done;
        }
        return {};
    }

    Status flush() {
        auto done = told(write_uncached(fd_, pending_));
        pending_.clear();
        return done;
    }

private:
    /// It stands on another disk than the storage, most often.
    static Status told(Status const& done) {
        return done ? done : fail(done.error().fault, "the decrypted file: " + done.error().what);
    }

    int fd_;
    bool is_large_;
    Bytes pending_;
};

}  // namespace

std::optional<FileLabel> Retriever::label_of(transfer::HeldBlob const& blob) const {
    return label_for_owner(blob, identity_.age);
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
    bool const is_large = (*held)->size >= uncached_file_bytes;
    OpenedFile opened(out, is_large);
    FileDecoder file([&opened](ByteSpan bytes) { return opened.take(bytes); },
                     label ? &*label : nullptr);
    // Of a large one this thread reads and decrypts, the other hashes and writes.
    transfer::Background<Bytes> background([&file](Bytes const& part) { return file.take(part); },
                                           1);
    transfer::BlobDecryptor decryptor(*key);
    Bytes content;
    auto const sink = [&content](ByteSpan opened_part) -> Status {
        append(content, opened_part);
        return {};
    };
    Bytes buffer(read_bytes);
    UncachedReader large(blob->get());
    for (std::uint64_t at = 0;;) {
        auto const got = is_large ? large.read(buffer) : read_at(blob->get(), buffer, at);
        if (!got) return fail(got.error());
        if (*got == 0) break;
        at += *got;
        auto done = decryptor.write(ByteSpan(buffer).first(*got), sink);
        if (done) done = is_large ? background.pass_on(content) : file.take(content);
        if (!done) return fail(done.error());
        content.clear();
        if (progress) progress(at, (*held)->size);
    }
    if (auto done = background.finish(); !done) return fail(done.error());
    if (auto done = decryptor.finish(sink); !done) return fail(done.error());
    if (auto done = file.take(content); !done) return fail(done.error());
    if (auto done = file.finish(); !done) return fail(done.error());
    if (auto done = opened.flush(); !done) return fail(done.error());
    return Retrieved{.content_id = order.content_id,
                     .bytes = file.file_bytes(),
                     .sha256 = file.file_digest(),
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
