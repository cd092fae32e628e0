#include "transfer/early_pieces.h"

#include <algorithm>

#include "transfer/merkle_root.h"

namespace satchel::transfer {

namespace {

constexpr std::uint64_t looked_through_bytes = std::uint64_t{32} * 1024 * 1024;  ///< at once

std::uint64_t pieces_at_once(std::uint64_t blob_bytes) {
    return std::max<std::uint64_t>(1, looked_through_bytes / piece_length_for(blob_bytes));
}

/// Right in the file, or put there from what the upload has.
Result<bool> is_here(SwarmFile const& file, std::uint64_t index, bool written,
                     std::uint64_t blob_bytes, BlobUpload const& upload) {
    if (written && file.is_right(index)) return true;
    std::uint64_t const at = index * piece_length_for(blob_bytes);
    std::uint64_t const end = std::min(blob_bytes, at + piece_length_for(blob_bytes));
    if (end > upload.offset()) return false;
    Bytes piece(end - at);
    auto copied = upload.read(at, piece);
    if (copied) copied = write_all_at(file.for_writing()->get(), piece, at);
    if (!copied) return fail(copied.error());
    return true;
}

}  // namespace

EarlyPieces::EarlyPieces(std::shared_ptr<SwarmFile> file, std::uint64_t blob_bytes,
                         std::vector<bool> here)
    : file_(std::move(file))
    , size_(blob_bytes)
    , here_(std::move(here)) {}

std::shared_ptr<EarlyPieces> EarlyPieces::find(std::filesystem::path const& folder,
                                               ContentId const& id, std::uint64_t blob_bytes,
                                               Bytes layer) {
    if (!SwarmFile::exists(folder, id)) return nullptr;
    auto file = SwarmFile::open(folder, id, blob_bytes, std::move(layer));
    // Without it they come again: no reason to refuse the blob.
    if (!file) return nullptr;
    auto written = (*file)->written_pieces();
    return std::make_shared<EarlyPieces>(std::move(*file), blob_bytes, std::move(written));
}

asio::awaitable<Result<std::shared_ptr<EarlyPieces>>> EarlyPieces::share(
    WorkerPool& pool, std::shared_ptr<SwarmFile> file, std::uint64_t blob_bytes,
    std::shared_ptr<BlobUpload const> upload, Look look) {
    auto list = [file] { return file->written_pieces(); };
    auto const written = co_await pool.await(std::move(list));
    std::vector<bool> const none(written.size(), false);
    auto const pieces = std::make_shared<EarlyPieces>(file, blob_bytes, none);
    std::uint64_t const at_once = pieces_at_once(blob_bytes);
    std::uint64_t looked_at = 0;  // pieces
    for (std::uint64_t first = 0; first < written.size(); first += at_once) {
        std::uint64_t const end = std::min<std::uint64_t>(written.size(), first + at_once);
        auto check = [file, upload, blob_bytes, first, end,
                      written]() -> Result<std::vector<bool>> {
            std::vector<bool> right;
            for (std::uint64_t i = first; i < end; ++i) {
                auto const here = is_here(*file, i, written[i], blob_bytes, *upload);
                if (!here) return fail(here.error());
                right.push_back(*here);
            }
            return right;
        };
        auto const right = co_await pool.await(std::move(check));
        if (!right) co_return fail(right.error());
        // Bits are no range that std::ranges would write to.
        std::copy(right->begin(), right->end(),
                  pieces->here_.begin() + static_cast<std::ptrdiff_t>(first));
        // What was never written takes no time.
        for (std::uint64_t i = first; i < end; ++i)
            if (written[i] || pieces->here_[i]) ++looked_at;
        if (!look(std::min(blob_bytes, looked_at * piece_length_for(blob_bytes))))
            co_return fail(Fault::unavailable, "nobody waits for it");
    }
    co_return pieces;
}

std::uint64_t EarlyPieces::bytes() const {
    auto const pieces = static_cast<std::uint64_t>(std::ranges::count(here_, true));
    return std::min(size_, pieces * piece_length_for(size_));
}

bool EarlyPieces::has(std::uint64_t offset) const {
    return offset < size_ && here_[offset / piece_length_for(size_)];
}

std::optional<std::uint64_t> EarlyPieces::next_after(std::uint64_t offset) const {
    std::uint64_t const length = piece_length_for(size_);
    for (std::uint64_t i = offset / length + 1; i < here_.size(); ++i)
        if (here_[i]) return i * length;
    return std::nullopt;
}

std::vector<Gap> EarlyPieces::gaps_after(std::uint64_t offset, std::size_t most) const {
    std::uint64_t const length = piece_length_for(size_);
    std::vector<Gap> gaps;
    for (std::uint64_t i = offset / length; i < here_.size(); ++i) {
        if (here_[i]) continue;
        bool const same = !gaps.empty() && gaps.back().end == i * length;
        if (!same && gaps.size() == most) break;
        if (!same) gaps.push_back({i * length, 0});
        gaps.back().end = std::min(size_, (i + 1) * length);
    }
    return gaps;
}

asio::awaitable<Status> EarlyPieces::feed_one(std::shared_ptr<BlobUpload> upload,
                                              WorkerPool& pool) {
    std::uint64_t const length = piece_length_for(size_);
    std::uint64_t const index = upload->offset() / length;
    std::uint64_t const there = upload->offset() % length;
    auto work = [upload, file = file_, index, there]() -> Status {
        auto const piece = file->piece(index);
        if (!piece) return fail(Fault::corrupt, piece.error().what);
        return upload->write(ByteSpan(*piece).subspan(there));
    };
    Status const fed = co_await pool.await(std::move(work));
    // Unless its beginning came directly, and it was that which was wrong.
    if (!fed && fed.error().fault == Fault::corrupt && there == 0) found_wrong(index);
    co_return fed;
}

/// Who lies about what was seen to be right is believed nothing more.
void EarlyPieces::found_wrong(std::uint64_t index) {
    if (doubted_ && index < *doubted_) here_.assign(here_.size(), false);
    here_[index] = false;
    doubted_ = std::max(doubted_.value_or(0), index + 1);
}

asio::awaitable<void> EarlyPieces::doubt(WorkerPool& pool,
                                         std::chrono::steady_clock::time_point until) {
    std::uint64_t const at_once = pieces_at_once(size_);
    while (doubted_ && *doubted_ < here_.size() && std::chrono::steady_clock::now() < until) {
        std::uint64_t const first = *doubted_;
        std::uint64_t const end = std::min<std::uint64_t>(here_.size(), first + at_once);
        auto const right = co_await look_at(pool, first, end);
        for (std::uint64_t i = first; i < end; ++i)
            here_[i] = here_[i] && right[i - first];
        doubted_ = end;
    }
}

asio::awaitable<std::vector<bool>> EarlyPieces::look_at(WorkerPool& pool, std::uint64_t first,
                                                        std::uint64_t end) {
    auto look = [file = file_, here = here_, first, end] {
        std::vector<bool> right;
        for (std::uint64_t i = first; i < end; ++i)
            right.push_back(!here[i] || file->is_right(i));
        return right;
    };
    co_return co_await pool.await(std::move(look));
}

asio::awaitable<Status> feed_early(std::shared_ptr<UploadSlot> slot, WorkerPool& pool,
                                   std::chrono::seconds sender_patience) {
    auto const early = slot->early();
    auto const until = std::chrono::steady_clock::now() + sender_patience;
    Status fed;
    if (early) co_await early->doubt(pool, until);  // what is left from before
    while (fed && early && early->has(slot->have()) && std::chrono::steady_clock::now() < until) {
        fed = co_await early->feed_one(slot->upload(), pool);
        slot->advance_to(slot->upload()->offset());
        bool const wrong = !fed && fed.error().fault == Fault::corrupt;
        if (wrong) {
            fed = Status();
            co_await early->doubt(pool, until);
        }
    }
    co_return fed;
}

}  // namespace satchel::transfer
