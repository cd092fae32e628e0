// A blob store in memory: verifies, reserves and counts as the real one does, keeps nothing after
// its end. Not for several threads.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include <sys/mman.h>

#include "transfer/age_stream.h"
#include "transfer/blob_store.h"
#include "transfer/piece_verifier.h"
#include "transfer/storage_quota.h"

namespace satchel::testing {

class MemoryBlobStore final : public transfer::BlobStore {
public:
    explicit MemoryBlobStore(transfer::StoreQuota quota = {1U << 30U, 1U << 30U})
        : shelf_(std::make_shared<Shelf>()) {
        shelf_->quota = quota;
    }

    Result<std::unique_ptr<transfer::BlobUpload>> receive(ContentId const& id, std::uint64_t size,
                                                          std::string const& sender) override {
        if (size < transfer::blob_bytes_min) return fail(Fault::refused, "too small for a blob");
        if (auto room = shelf_->place_for(id, size); !room) return fail(room.error());
        auto const admitted =
            transfer::admit(shelf_->quota,
                            {.taken = shelf_->held_bytes(id) + shelf_->reserved_bytes(&id, nullptr),
                             .taken_by_sender = shelf_->bytes_from(sender, &id) +
                                                shelf_->reserved_bytes(&id, &sender),
                             .disk_free = ~std::uint64_t{0}},
                            {.size = size, .sender = sender});
        if (!admitted) return fail(admitted.error());
        return std::unique_ptr<transfer::BlobUpload>(
            std::make_unique<Upload>(shelf_, id, size, sender));
    }

    Result<std::unique_ptr<transfer::BlobUpload>> receive_draft(
        ContentId const& stand_in, std::uint64_t size, std::string const& sender) override {
        if (transfer::pieces_in(size) < 2) return fail(Fault::refused, "too small for a draft");
        auto upload = receive(stand_in, size, sender);
        if (upload) dynamic_cast<Upload&>(**upload).become_draft();
        return upload;
    }

    Status name_draft(ContentId const& stand_in, ContentId const& id, std::uint64_t size) override {
        auto const draft = shelf_->partial.find(stand_in);
        bool const there = draft != shelf_->partial.end() && draft->second.size == size;
        if (!there) return fail(Fault::not_found, "no such draft");
        auto const whole = draft->second.bytes.size();
        if (auto room = shelf_->place_for_draft(id, size, whole); !room) return room;
        shelf_->partial[id] = std::move(draft->second);
        shelf_->partial.erase(stand_in);
        return {};
    }

    Status hold(ContentId const& id, transfer::Holding const& holding) override {
        auto const found = shelf_->find(id);
        if (found == shelf_->held.end()) return fail(Fault::not_found, "not here");
        auto const from = shelf_->bytes_from(holding.sender);
        bool const counted = found->second.is_from(holding.sender);
        if (!counted && !holding.sender.empty() &&
            from + found->second.size > shelf_->quota.per_sender_bytes) {
            return fail(Fault::no_space, "the sender's quota is used up");
        }
        found->second.holdings[holding.recipient] = holding;
        return {};
    }

    Result<bool> set_aside(ContentId const& id) override {
        auto const found = shelf_->held.find(id);
        if (found == shelf_->held.end()) return false;
        Held& held = found->second;
        if (!std::exchange(held.set_aside, true) && !held.layer.empty()) {
            auto const& first = held.holdings.begin()->second;
            shelf_->partial[id] = {std::move(held.bytes), held.layer, held.size, first.sender};
        }
        held.bytes.clear();
        return true;
    }

    Result<std::optional<transfer::HeldBlob>> find(ContentId const& id) override {
        auto const found = shelf_->find(id);
        if (found == shelf_->held.end()) return std::optional<transfer::HeldBlob>();
        return std::optional(found->second.as_held(id));
    }

    Result<std::optional<transfer::HeldBlob>> find_listed(ContentId const& id) override {
        auto const found = shelf_->held.find(id);
        if (found == shelf_->held.end()) return std::optional<transfer::HeldBlob>();
        return std::optional(found->second.as_held(id));
    }

    Result<std::vector<transfer::HeldBlob>> list() override {
        return list_arrived_after(0, shelf_->arrived.size());
    }

    Result<std::vector<transfer::HeldBlob>> list_arrived_after(std::uint64_t arrival,
                                                               std::size_t most) override {
        std::vector<transfer::HeldBlob> some;
        auto at = shelf_->arrived.upper_bound(arrival);
        for (; at != shelf_->arrived.end() && some.size() < most; ++at) {
            auto const found = shelf_->held.find(at->second);
            if (found == shelf_->held.end()) continue;
            some.push_back(found->second.as_held(at->second));
            some.back().arrival = at->first;
        }
        return some;
    }

    Result<std::vector<transfer::HeldBlob>> list_after(std::optional<ContentId> const& after,
                                                       std::size_t most) override {
        std::vector<transfer::HeldBlob> some;
        auto at = after ? shelf_->held.upper_bound(*after) : shelf_->held.begin();
        for (; at != shelf_->held.end() && some.size() < most; ++at)
            some.push_back(at->second.as_held(at->first));
        return some;
    }

    Result<UniqueFd> open(ContentId const& id) override {
        auto const found = shelf_->find(id);
        if (found == shelf_->held.end()) return fail(Fault::not_found, "not here");
        UniqueFd fd(::memfd_create("blob", MFD_CLOEXEC));
        if (!fd) return fail(system_error("memfd"));
        if (auto done = write_all_at(fd.get(), found->second.bytes, 0); !done) {
            return fail(done.error());
        }
        return fd;
    }

    Result<Bytes> layer(ContentId const& id) override {
        auto const found = shelf_->find(id);
        if (found == shelf_->held.end()) return fail(Fault::not_found, "not here");
        return found->second.layer;
    }

    std::uint64_t received_so_far(ContentId const& id) override {
        auto const arriving = shelf_->arriving.find(id);
        if (arriving != shelf_->arriving.end()) return arriving->second->verified_bytes();
        auto const partial = shelf_->partial.find(id);
        return partial == shelf_->partial.end() ? 0 : partial->second.bytes.size();
    }

    Result<bool> release(ContentId const& id, AddressTag const& recipient) override {
        auto const found = shelf_->held.find(id);
        if (found == shelf_->held.end() || found->second.holdings.erase(recipient) == 0) {
            return false;
        }
        if (found->second.holdings.empty()) {
            shelf_->held.erase(found);
            shelf_->partial.erase(id);
        }
        return true;
    }

    Result<transfer::StoreUsage> usage() override {
        return transfer::StoreUsage{shelf_->held.size(), shelf_->held_bytes(std::nullopt),
                                    shelf_->reserved_bytes(nullptr, nullptr)};
    }

private:
    struct Held {
        Bytes bytes;
        Bytes layer;
        std::map<AddressTag, transfer::Holding> holdings;
        std::uint64_t size = 0;
        bool set_aside = false;

        bool is_from(std::string const& sender) const {
            return std::any_of(holdings.begin(), holdings.end(),
                               [&](auto const& entry) { return entry.second.sender == sender; });
        }

        transfer::HeldBlob as_held(ContentId const& id) const {
            transfer::HeldBlob blob{id, size, {}, 0, set_aside};
            for (auto const& [recipient, holding] : holdings)
                blob.holdings.push_back(holding);
            return blob;
        }
    };

    struct Partial {
        Bytes bytes;
        Bytes layer;
        std::uint64_t size = 0;
        std::string sender;
    };

    class Upload;

    struct Shelf {
        transfer::StoreQuota quota;
        std::map<ContentId, Held> held;
        /// In order; each once, those that are gone again included.
        std::map<std::uint64_t, ContentId> arrived;
        std::uint64_t last_arrival = 0;
        std::map<ContentId, Upload*> arriving;
        std::map<ContentId, Partial> partial;

        std::map<ContentId, Held>::iterator find(ContentId const& id) {
            auto const found = held.find(id);
            return found == held.end() || found->second.set_aside ? held.end() : found;
        }

        Status place_for(ContentId const& id, std::uint64_t size) const {
            auto const found = held.find(id);
            if (found != held.end()) {
                if (!found->second.set_aside) return fail(Fault::refused, "here already");
                if (found->second.size != size) return fail(Fault::corrupt, "of another size");
            }
            if (arriving.contains(id)) return fail(Fault::unavailable, "arriving already");
            return {};
        }

        Status place_for_draft(ContentId const& id, std::uint64_t size, std::uint64_t whole) const {
            if (auto room = place_for(id, size); !room) return room;
            auto const known = partial.find(id);
            if (known == partial.end() || known->second.size != size) return {};
            return whole == 0 ? Status(fail(Fault::refused, "more of it is here")) : Status();
        }

        std::uint64_t held_bytes(std::optional<ContentId> const& but_for) const {
            std::uint64_t sum = 0;
            for (auto const& [id, blob] : held)
                sum += id == but_for ? 0 : blob.size;
            return sum;
        }

        std::uint64_t bytes_from(std::string const& sender,
                                 ContentId const* but_for = nullptr) const {
            std::uint64_t sum = 0;
            for (auto const& [id, blob] : held)
                sum +=
                    blob.is_from(sender) && (but_for == nullptr || id != *but_for) ? blob.size : 0;
            return sum;
        }

        std::uint64_t reserved_bytes(ContentId const* but_for, std::string const* sender) const {
            std::uint64_t sum = 0;
            auto const counts = [&](ContentId const& id, std::string const& from) {
                return !held.contains(id) && (but_for == nullptr || id != *but_for) &&
                       (sender == nullptr || from == *sender);
            };
            for (auto const& [id, upload] : arriving)
                sum += counts(id, upload->sender()) ? upload->size() : 0;
            for (auto const& [id, left] : partial)
                sum += counts(id, left.sender) ? left.bytes.size() : 0;
            return sum;
        }
    };

    class Upload final : public transfer::BlobUpload {
    public:
        Upload(std::shared_ptr<Shelf> shelf, ContentId const& id, std::uint64_t size,
               std::string sender)
            : shelf_(std::move(shelf))
            , id_(id)
            , size_(size)
            , sender_(std::move(sender))
            , verifier_(id, size) {
            auto const left = shelf_->partial.find(id);
            if (left != shelf_->partial.end()) {
                if (left->second.size == size) go_on_with(left->second);
                shelf_->partial.erase(left);
            }
            shelf_->arriving[id] = this;
        }

        Upload(Upload const&) = delete;
        Upload& operator=(Upload const&) = delete;

        ~Upload() override {
            shelf_->arriving.erase(id_);
            auto const kept = was_draft_ ? verifier_.whole_bytes() : verifier_.verified_bytes();
            if (held_ || kept == 0) return;
            bytes_.resize(kept);
            shelf_->partial[id_] = {std::move(bytes_), layer_, size_, sender_};
        }

        void become_draft() { was_draft_ = true; }

        std::uint64_t size() const { return size_; }

        std::string const& sender() const { return sender_; }

        std::uint64_t verified_bytes() const { return verifier_.verified_bytes(); }

        std::uint64_t offset() const override { return verifier_.offset(); }

        Status set_layer(ByteSpan layer) override {
            auto done = verifier_.set_layer(layer);
            if (verifier_.layer_known()) layer_ = copy_of(layer);
            return done;
        }

        Status write(ByteSpan more) override {
            return verifier_.write(more, [this](std::uint64_t at, ByteSpan piece) -> Status {
                bytes_.resize(at);
                append(bytes_, piece);
                return {};
            });
        }

        Status read(std::uint64_t at, std::span<Byte> into) const override {
            std::uint64_t const there = verifier_.verified_bytes();
            if (at > there || into.size() > there - at) return fail(Fault::usage, "not verified");
            std::ranges::copy(ByteSpan(bytes_).subspan(at, into.size()), into.begin());
            return {};
        }

        Status sync() override { return {}; }

        Status take_name(ContentId const& id) override {
            auto const whole = verifier_.whole_bytes();
            if (auto room = shelf_->place_for_draft(id, size_, whole); !room) return room;
            shelf_->partial.erase(id);
            shelf_->arriving.erase(id_);
            shelf_->arriving[id] = this;
            id_ = id;
            verifier_.take_name(id);
            return {};
        }

        Status finish(transfer::Holding const& holding) override {
            if (held_) return fail(Fault::usage, "the upload is finished");
            if (auto right = verifier_.finish(); !right) return right;
            Held& held = shelf_->held[id_];
            held.bytes = std::move(bytes_);
            held.layer = verifier_.layer();
            held.size = size_;
            held.holdings.emplace(holding.recipient, holding);
            if (!std::exchange(held.set_aside, false)) {
                std::erase_if(shelf_->arrived,
                              [this](auto const& one) { return one.second == id_; });
                shelf_->arrived.emplace(++shelf_->last_arrival, id_);
            }
            shelf_->arriving.erase(id_);
            held_ = true;
            return {};
        }

    private:
        void go_on_with(Partial& partial) {
            if (!partial.layer.empty()) {
                static_cast<void>(verifier_.set_layer(partial.layer));
                layer_ = std::move(partial.layer);
            }
            auto const whole = transfer::piece_length_for(size_);
            was_draft_ = partial.layer.empty();
            for (std::uint64_t at = 0; at < partial.bytes.size(); at += whole) {
                auto const piece = std::min<std::uint64_t>(whole, partial.bytes.size() - at);
                if (!verifier_.take_kept(ByteSpan(partial.bytes).subspan(at, piece))) break;
            }
            bytes_ = std::move(partial.bytes);
            bytes_.resize(verifier_.whole_bytes());
        }

        std::shared_ptr<Shelf> shelf_;
        ContentId id_;
        std::uint64_t size_;
        std::string sender_;
        transfer::PieceVerifier verifier_;
        Bytes bytes_;
        Bytes layer_;
        bool was_draft_ = false;
        bool held_ = false;
    };

    std::shared_ptr<Shelf> shelf_;
};

}  // namespace satchel::testing
