// The offers that a storage node has let in, until they expire or give way to newer ones: what a
// PUT or a question for a receipt refers to. Owner's thread; time is handed in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "src/core/content_id.h"
#include "src/core/keys.h"
#include "src/core/offer.h"
#include "src/core/receipt.h"
#include "transfer/route.h"

namespace satchel::transfer {

class UploadSlot;

struct IncomingOffer {
    Offer offer;
    std::uint64_t number = 0;  ///< rises with each that is remembered
    std::string account;       ///< what its bytes count against
    std::optional<Receipt> receipt;
    bool waits = false;                   ///< another offer brings the same blob
    std::shared_ptr<UploadSlot> slot;     ///< while its bytes arrive
    std::shared_ptr<UploadSlot> ahead{};  ///< of its draft: bytes that came before the name
    Route route = Route::direct;          ///< that its bytes took last
};

class IncomingOffers {
public:
    struct Bounds {
        std::size_t total = 0;
        std::size_t per_node = 0;
        std::size_t bytes = 0;  ///< of what the offers carry
        std::size_t bytes_per_node = 0;
    };

    explicit IncomingOffers(Bounds bounds)
        : bounds_(bounds) {}

    /// Remembers an offer of its sender node. One that was known keeps its state where it is the
    /// same offer, and takes over what came for its draft. Where there are too many the oldest goes
    /// for which nothing is arriving. Null when something is arriving for all.
    std::shared_ptr<IncomingOffer> add(Offer const& offer, std::string const& account);

    /// Is this a draft whose offer proper was let in already, by the same sender?
    bool knows_name_of(Offer const& draft, std::string const& account) const;

    /// Only for the node that made the offer.
    std::shared_ptr<IncomingOffer> find(NodeKey const& sender, OfferId const& id) const;

    /// The offer under which `sender` may send these bytes now: one whose upload is open, else any
    /// without a receipt, else any.
    std::shared_ptr<IncomingOffer> find_upload(NodeKey const& sender, ContentId const& id) const;

    /// All of this blob, by whomever: the one that lives longest first.
    std::vector<std::shared_ptr<IncomingOffer>> of_content(ContentId const& id) const;

    /// The blobs whose uploads have a slot.
    std::set<ContentId> arriving() const;

    /// Uploads with a slot: all, and of one node.
    std::size_t uploads() const;
    std::size_t uploads_of(NodeKey const& sender) const;

    /// Drops expired offers, but for those whose upload is being fed, and gives up slots that
    /// nobody has fed since `fed_since` (Unix seconds).
    void sweep(std::uint64_t now_seconds, std::uint64_t fed_since);

    std::size_t size() const { return offers_.size(); }

private:
    using Key = std::pair<NodeKey, OfferId>;

    struct Load {
        std::size_t offers = 0;
        std::size_t bytes = 0;
    };

    Load load() const;
    Load load_of(NodeKey const& sender) const;
    bool make_room(Offer const& offer);
    bool forget_oldest(NodeKey const* sender);

    Bounds bounds_;
    std::uint64_t last_number_ = 0;
    std::map<Key, std::shared_ptr<IncomingOffer>> offers_;
};

}  // namespace satchel::transfer
