// One blob arriving: its upload, how far it is, and whose turn it is to feed it. Owner's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "transfer/async_event.h"
#include "transfer/blob_store.h"
#include "transfer/control_message.h"

namespace satchel::transfer {

class EarlyPieces;

class UploadSlot {
public:
    UploadSlot(asio::any_io_executor const& executor, std::shared_ptr<BlobUpload> upload);

    /// The right to feed. While it lives nobody else touches the upload.
    class Turn {
    public:
        Turn() = default;

        explicit Turn(std::shared_ptr<UploadSlot> slot)
            : slot_(std::move(slot)) {}

        Turn(Turn&&) noexcept = default;

        Turn& operator=(Turn&& other) noexcept {
            std::swap(slot_, other.slot_);
            return *this;
        }

        ~Turn() {
            if (slot_) slot_->give_back();
        }

        explicit operator bool() const { return slot_ != nullptr; }

        UploadSlot& slot() const { return *slot_; }

    private:
        std::shared_ptr<UploadSlot> slot_;
    };

    /// A sender whose connection was lost without a word comes back on a new one: who feeds now is
    /// interrupted, and gets `patience` to stop. An empty turn when it does not.
    static asio::awaitable<Turn> take(std::shared_ptr<UploadSlot> slot,
                                      std::function<void()> interrupt,
                                      std::chrono::milliseconds patience);

    bool is_fed() const { return busy_; }

    std::shared_ptr<BlobUpload> const& upload() const { return upload_; }

    std::uint64_t have() const { return have_; }  ///< first byte still wanted

    void advance_to(std::uint64_t offset) { have_ = offset; }

    /// What came before its turn; null where nothing did.
    std::shared_ptr<EarlyPieces> const& early() const { return early_; }

    void keep_early(std::shared_ptr<EarlyPieces> pieces) { early_ = std::move(pieces); }

    /// What is wanted next.
    OfferProgress progress(OfferAction action = OfferAction::put) const;

    std::uint64_t fed_at() const { return fed_at_; }  ///< Unix seconds

    void note_fed(std::uint64_t now_seconds) { fed_at_ = now_seconds; }

private:
    void give_back();

    std::shared_ptr<BlobUpload> upload_;
    std::shared_ptr<EarlyPieces> early_;
    std::uint64_t have_;
    std::uint64_t fed_at_ = 0;
    bool busy_ = false;
    std::function<void()> interrupt_;
    AsyncEvent free_;
};

}  // namespace satchel::transfer
