// Keeps blobs durably: verified against their ContentId, fsynced, indexed by whom they are for and
// from. All calls block on the disk and are safe from any thread; the network's thread calls them
// through a WorkerPool.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/base/unique_fd.h"
#include "src/core/content_id.h"
#include "src/core/locator.h"
#include "src/core/offer.h"

namespace satchel::transfer {

/// Why a blob is held: for which user, from whom, and what opens it. One per (blob, recipient).
struct Holding {
    AddressTag recipient{};
    std::string sender;  ///< counts against quota_per_sender; "" for none
    OfferId offer;
    Bytes grant;
    Bytes label;
    std::uint64_t stored = 0;  ///< Unix seconds
};

struct HeldBlob {
    ContentId id;
    std::uint64_t size = 0;  ///< bytes
    std::vector<Holding> holdings;
    std::uint64_t arrival = 0;  ///< in this store: more than of any that came before
    bool set_aside = false;     ///< the lists tell of it, but its bytes are not to be had
};

struct StoreQuota {
    std::uint64_t total_bytes = 0;
    std::uint64_t per_sender_bytes = 0;
};

struct StoreUsage {
    std::uint64_t blobs = 0;
    std::uint64_t held_bytes = 0;
    std::uint64_t reserved_bytes = 0;  ///< of uploads under way, and kept of broken ones
};

/// A blob arriving in order. Dropping it keeps what was verified, so that a later receive() goes on
/// from there.
class BlobUpload {
public:
    virtual ~BlobUpload() = default;

    /// First byte still wanted.
    virtual std::uint64_t offset() const = 0;

    /// The piece layer of the blob's BEP 52 tree (32 bytes a piece): from here on each piece is
    /// verified as it completes. Fault::corrupt when it does not hash to the ContentId.
    virtual Status set_layer(ByteSpan layer) = 0;

    /// The next bytes. Fault::corrupt when a piece is wrong or the size is passed: what was bad is
    /// dropped.
    virtual Status write(ByteSpan more) = 0;

    /// Fills `into` with what has come from `at` on and is verified: Fault::usage where it is not.
    virtual Status read(std::uint64_t at, std::span<Byte> into) const = 0;

    /// What has come is on the disk. finish() sees to it, too; this may be earlier.
    virtual Status sync() = 0;

    /// Of a draft: its blob's name, as the sender has it now. Nothing of it counts as verified by
    /// that: set_layer() or finish() tells. Fault::refused, Fault::unavailable as for receive();
    /// Fault::refused also of a draft of which nothing came, where something came under the name.
    /// The draft stays one then.
    virtual Status take_name(ContentId const& id) = 0;

    /// Verifies the whole against the ContentId, fsyncs, and holds it. Only then a receipt may be
    /// signed.
    virtual Status finish(Holding const& holding) = 0;
};

class BlobStore {
public:
    virtual ~BlobStore() = default;

    /// Reserves room before the first byte. Fault::no_space: total or per-sender quota, or the
    /// disk; the text says which. Fault::unavailable: the same blob is being received already.
    /// Fault::refused: it is held already (then hold() is the call), or no blob is as small.
    /// Fault::corrupt: what was set aside has another size.
    virtual Result<std::unique_ptr<BlobUpload>> receive(ContentId const& id, std::uint64_t size,
                                                        std::string const& sender) = 0;

    /// All of a blob at once: receive(), write() and finish(), with their faults. A store may know
    /// a shorter way for small ones.
    virtual Status take(ContentId const& id, ByteSpan blob, Holding const& holding);

    /// What take() has put off until nobody waits for it. For now and then.
    virtual Status settle() { return {}; }

    /// A draft: a blob of several pieces whose sender does not know its name as yet. It arrives
    /// under `stand_in`, which is nothing's hash, and must take its name before it can be finished.
    /// Dropping it keeps whole pieces. Faults as of receive().
    virtual Result<std::unique_ptr<BlobUpload>> receive_draft(ContentId const& stand_in,
                                                              std::uint64_t size,
                                                              std::string const& sender) = 0;

    /// What a dropped draft left behind belongs to the blob `id`, and receive() goes on from there.
    /// Fault::not_found: there is none of that size. Fault::refused as for take_name().
    virtual Status name_draft(ContentId const& stand_in, ContentId const& id,
                              std::uint64_t size) = 0;

    /// One more reason to hold a blob that is here. Fault::not_found if it is not, Fault::no_space:
    /// the sender's quota. A second holding for one recipient takes the place of the first.
    virtual Status hold(ContentId const& id, Holding const& holding) = 0;

    /// A blob that is held, but its bytes are damaged or gone: for all but find_listed() and the
    /// lists it is not here until it has come again, by receive() as ever. What finishes that takes
    /// its place in one step: whom it was held for, and by what grant and label, stays as it was,
    /// and so it does where nothing comes of it. False: it isn't held.
    virtual Result<bool> set_aside(ContentId const& id) = 0;

    /// Not what is set aside.
    virtual Result<std::optional<HeldBlob>> find(ContentId const& id) = 0;
    /// What the lists tell of one blob: what is set aside, too.
    virtual Result<std::optional<HeldBlob>> find_listed(ContentId const& id) = 0;
    /// In the order of arrival, also within one second. What is set aside, too.
    virtual Result<std::vector<HeldBlob>> list() = 0;
    /// At most so many of those whose id comes after `after`, in the order of their ids.
    virtual Result<std::vector<HeldBlob>> list_after(std::optional<ContentId> const& after,
                                                     std::size_t most) = 0;
    /// At most so many of those that arrived after `arrival` (0: from the first), in that order.
    virtual Result<std::vector<HeldBlob>> list_arrived_after(std::uint64_t arrival,
                                                             std::size_t most) = 0;

    /// Open for reading. Stays readable when the blob is released meanwhile.
    virtual Result<UniqueFd> open(ContentId const& id) = 0;

    /// The piece layer (empty for blobs of one piece or less).
    virtual Result<Bytes> layer(ContentId const& id) = 0;

    /// Bytes of an unfinished upload that are verified already; 0 if there is none.
    virtual std::uint64_t received_so_far(ContentId const& id) = 0;

    /// Ends the holding of one recipient; the blob goes when nobody holds it, and with it what was
    /// left of one that is set aside. Where that is arriving again the upload goes on, as that of a
    /// new blob. False if there was no such holding.
    virtual Result<bool> release(ContentId const& id, AddressTag const& recipient) = 0;

    virtual Result<StoreUsage> usage() = 0;
};

}  // namespace satchel::transfer
