#include "transfer/blob_windows.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "transfer/merkle_root.h"

namespace satchel::transfer {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t window_bytes_min = std::uint64_t{2} * 1024 * 1024;
constexpr auto patience = 2s;

}  // namespace

/// What a source writes its window into.
class BlobWindows::Part final : public BlobUpload {
public:
    Part(std::shared_ptr<BlobWindows> whole, std::uint64_t number, std::uint64_t first)
        : whole_(std::move(whole))
        , number_(number)
        , offset_(first) {}

    std::uint64_t offset() const override { return offset_; }

    Status set_layer(ByteSpan) override { return no_whole(); }

    Status read(std::uint64_t, std::span<Byte>) const override { return no_whole(); }

    Status sync() override { return no_whole(); }

    Status take_name(ContentId const&) override { return no_whole(); }

    Status write(ByteSpan more) override {
        Status taken = whole_->take(number_, more, std::chrono::steady_clock::now());
        if (taken) offset_ += more.size();
        return taken;
    }

    Status finish(Holding const&) override { return no_whole(); }

private:
    static Status no_whole() { return fail(Fault::usage, "a window is no blob"); }

    std::shared_ptr<BlobWindows> whole_;
    std::uint64_t number_;
    std::atomic<std::uint64_t> offset_;
};

BlobWindows::BlobWindows(std::shared_ptr<BlobUpload> into, std::uint64_t size, std::size_t sources)
    : into_(std::move(into))
    , size_(size)
    , piece_bytes_(piece_length_for(size))
    , window_bytes_(std::max(window_bytes_min, piece_bytes_))
    , ahead_max_(sources)
    , sources_(sources)
    , next_index_(into_->offset() / window_bytes_) {}

std::uint64_t BlobWindows::end_of(std::uint64_t index) const {
    return std::min(size_, (index + 1) * window_bytes_);
}

BlobWindows::Slot* BlobWindows::slot_of(std::uint64_t number) {
    auto const found = std::ranges::find(slots_, number, &Slot::number);
    return found == slots_.end() ? nullptr : &*found;
}

BlobWindows::Window BlobWindows::hand_out(Slot& slot, std::size_t source, Time now) {
    slot.source = source;
    slot.number = ++claims_;
    slot.moved = now;
    sources_[source].claim = slot.number;
    sources_[source].begins_anew = false;
    std::erase_if(slot.runs, [&](Run const& run) { return run.first >= slot.next; });
    slot.runs.push_back({slot.next, source});
    return {std::make_shared<Part>(shared_from_this(), slot.number, slot.next), end_of(slot.index)};
}

std::optional<BlobWindows::Window> BlobWindows::claim(std::size_t source, Time now) {
    std::lock_guard const lock(mutex_);
    if (disk_failed_ || sources_[source].wrong) return std::nullopt;
    for (Slot& slot : slots_) {
        bool const wanted = slot.next < end_of(slot.index);
        bool const late =
            &slot == &slots_.front() && slot.source != source && slot.moved + patience <= now;
        if (wanted && (!slot.source || late)) return hand_out(slot, source, now);
    }
    if (slots_.size() >= ahead_max_ || next_index_ * window_bytes_ >= size_) return std::nullopt;
    Slot slot;
    slot.index = next_index_++;
    slot.next = std::max(into_->offset(), slot.index * window_bytes_);
    slots_.push_back(std::move(slot));
    return hand_out(slots_.back(), source, now);
}

void BlobWindows::give_back(std::size_t source) {
    std::lock_guard const lock(mutex_);
    for (Slot& slot : slots_)
        if (slot.source == source && slot.next < end_of(slot.index)) slot.source.reset();
}

Status BlobWindows::take(std::uint64_t number, ByteSpan more, Time now) {
    std::lock_guard const lock(mutex_);
    Slot* const slot = slot_of(number);
    if (slot == nullptr) return fail(Fault::unavailable, "another source was quicker");
    if (more.size() > end_of(slot->index) - slot->next)
        return fail(Fault::corrupt, "more than was asked for");
    auto const source = *slot->source;
    slot->moved = now;
    slot->next += more.size();
    if (slot == &slots_.front()) {
        write(*slot, more);
        settle();
    } else {
        append(slot->ahead, more);
    }
    if (sources_[source].wrong || disk_failed_) return failure_;
    if (sources_[source].begins_anew)
        return fail(Fault::unavailable, "this piece is wanted from its start");
    return {};
}

/// To the front window. What is wrong is asked for again from its start. Where several sources have
/// brought parts of a piece nobody can say whose was wrong: who completed it may be the honest one.
/// All but that one have left, so it brings the piece whole, and is known by it.
void BlobWindows::write(Slot& slot, ByteSpan more) {
    if (more.empty()) return;
    Status written = into_->write(more);
    if (written) return;
    failure_ = std::move(written);
    slot.next = into_->offset();
    disk_failed_ = failure_.error().fault != Fault::corrupt;
    auto const liar = sole_source_of_piece(slot, slot.next);
    if (liar && !disk_failed_) sources_[*liar].wrong = true;
    take_back(slot);
}

/// None: several, or nobody knows.
std::optional<std::size_t> BlobWindows::sole_source_of_piece(Slot const& slot,
                                                             std::uint64_t first) const {
    std::optional<std::size_t> sole;
    for (Run const& run : slot.runs) {
        if (run.first >= first + piece_bytes_) break;
        if (run.first > first && sole != run.source) return std::nullopt;
        sole = run.source;
    }
    return sole;
}

void BlobWindows::take_back(Slot& slot) {
    if (slot.source && sources_[*slot.source].claim == slot.number)
        sources_[*slot.source].begins_anew = true;
    slot.source.reset();
    slot.number = ++claims_;
}

/// Windows whose turn it is now are written as far as they have come.
void BlobWindows::settle() {
    while (!slots_.empty() && !disk_failed_) {
        Slot& front = slots_.front();
        if (!front.ahead.empty()) write(front, std::exchange(front.ahead, {}));
        if (front.next < end_of(front.index)) return;
        slots_.erase(slots_.begin());
    }
}

bool BlobWindows::is_to_begin_anew(std::size_t source) const {
    std::lock_guard const lock(mutex_);
    return sources_[source].begins_anew && !sources_[source].wrong && !disk_failed_;
}

bool BlobWindows::is_over_for(std::size_t source) const {
    std::lock_guard const lock(mutex_);
    return disk_failed_ || sources_[source].wrong || into_->offset() >= size_;
}

bool BlobWindows::is_complete() const {
    std::lock_guard const lock(mutex_);
    return into_->offset() >= size_;
}

std::uint64_t BlobWindows::offset() const {
    std::lock_guard const lock(mutex_);
    return into_->offset();
}

Status BlobWindows::failure() const {
    std::lock_guard const lock(mutex_);
    return failure_;
}

}  // namespace satchel::transfer
