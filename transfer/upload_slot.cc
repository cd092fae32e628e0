#include "transfer/upload_slot.h"

#include <utility>

#include "transfer/control_limits.h"
#include "transfer/early_pieces.h"

namespace satchel::transfer {

UploadSlot::UploadSlot(asio::any_io_executor const& executor, std::shared_ptr<BlobUpload> upload)
    : upload_(std::move(upload))
    , have_(upload_->offset())
    , free_(executor) {}

asio::awaitable<UploadSlot::Turn> UploadSlot::take(std::shared_ptr<UploadSlot> slot,
                                                   std::function<void()> interrupt,
                                                   std::chrono::milliseconds patience) {
    if (slot->busy_) {
        if (slot->interrupt_) slot->interrupt_();
        bool const freed = co_await slot->free_.wait_for(patience);
        // Somebody else may have been faster.
        if (!freed || slot->busy_) co_return Turn();
    }
    slot->busy_ = true;
    slot->free_.clear();
    slot->interrupt_ = std::move(interrupt);
    co_return Turn(std::move(slot));
}

OfferProgress UploadSlot::progress(OfferAction action) const {
    OfferProgress progress{action, have_};
    if (early_) progress.until = early_->next_after(have_);
    if (progress.until)
        progress.more = early_->gaps_after(*progress.until, control_limits::gaps_at_once - 1);
    return progress;
}

void UploadSlot::give_back() {
    busy_ = false;
    interrupt_ = nullptr;
    free_.set();
}

}  // namespace satchel::transfer
