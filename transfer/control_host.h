// What the control server needs to know of the node it serves. src/node fulfils it. All calls come
// on the owner's thread and must not block.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "src/base/asio.h"
#include "src/base/result.h"
#include "src/base/unique_fd.h"
#include "src/core/accept_policy.h"
#include "src/core/address.h"
#include "src/core/content_id.h"
#include "src/core/keys.h"
#include "src/core/locator.h"
#include "src/core/offer.h"
#include "src/core/receipt.h"
#include "transfer/admission.h"
#include "transfer/control_message.h"
#include "transfer/enrolment_message.h"
#include "transfer/holdings_message.h"
#include "transfer/line_message.h"
#include "transfer/reach_message.h"
#include "transfer/records_message.h"
#include "transfer/route.h"
#include "transfer/swarm_room.h"

namespace satchel::transfer {

/// Who asks: the TLS key always, the user key where the request proves it.
struct Caller {
    NodeKey node;
    std::optional<UserKey> device;
    std::string ip{};  ///< where the connection comes from
};

/// A blob that this side is delivering, open for reading.
struct OutgoingContent {
    UniqueFd file;
    std::uint64_t size = 0;  ///< bytes
    Bytes layer;             ///< piece layer, empty for one piece
    std::function<void(std::uint64_t)>
        sent{};  ///< hears up to which byte it has gone; may be empty
};

class ControlHost {
public:
    virtual ~ControlHost() = default;

    virtual bool available() const = 0;
    virtual AcceptPolicy accept_policy() const = 0;

    /// The address behind a tag, if this node stores for it.
    virtual std::optional<Address> served(AddressTag const& tag) const = 0;

    /// Whom the domain (A-labels) vouches for; empty where nothing is known of it.
    /// It may have to be asked for, which takes seconds where nobody answers.
    virtual asio::awaitable<DomainTrust> domain_trust(std::string domain) const = 0;

    /// The user key pinned for a contact.
    virtual std::optional<UserKey> contact_key(Address const& address) const = 0;

    /// May `caller` read what is held for `recipient`: one of the owner's nodes or devices?
    virtual bool owns(Caller const& caller, AddressTag const& recipient) const = 0;

    /// Live offers that this side has made and has no receipt for.
    virtual std::optional<Offer> outstanding(OfferId const& id) const = 0;
    virtual std::vector<Offer> outstanding_for(NodeKey const& recipient) const = 0;

    /// The blob of an outstanding offer. Fault::not_found where there is none.
    virtual Result<OutgoingContent> open_outgoing(ContentId const& id, NodeKey const& to) const = 0;

    /// What this side keeps until the caller, or its user, has it: offers to the calling node. The
    /// caller is there now, so it need not be looked for. As many as fit into an answer, or those
    /// of one blob.
    virtual asio::awaitable<std::vector<Offer>> kept_for(Caller, std::optional<ContentId>) const {
        co_return std::vector<Offer>();
    }

    /// What this node holds for the caller's user, by rising id; Fault::not_found for who is
    /// nobody's node or device here.
    virtual asio::awaitable<Result<HoldingsPart>> held_after(Caller,
                                                             std::optional<ContentId>) const {
        co_return fail(Fault::not_found, "nothing here");
    }

    /// A blob of those, for the same callers. Fault::not_found for all others.
    virtual asio::awaitable<Result<OutgoingContent>> open_kept(Caller, ContentId) const {
        co_return fail(Fault::not_found, "nothing here");
    }

    /// Gateways whose word counts as attested for any sender: those of this node's own users.
    virtual asio::awaitable<std::vector<PublicKey>> own_gateways() const {
        co_return std::vector<PublicKey>();
    }

    /// The calling user wants a binding of their domain (caller.device is set). Fault::not_found:
    /// this node speaks for no such domain. Fault::refused, and Fault::unavailable for "later".
    virtual asio::awaitable<Result<EnrollAnswer>> enroll(Caller, EnrollRequest) {
        co_return fail(Fault::not_found, "nothing here");
    }

    /// Dials the caller where it says it is, at its own IP address alone. Fault::unavailable: not
    /// so often.
    virtual asio::awaitable<Result<ReachAnswer>> try_reach(Caller, ReachRequest) {
        co_return fail(Fault::not_found, "nothing here");
    }

    /// Records of a user of ours, to be kept alive. Fault::not_found: not a user of ours.
    virtual asio::awaitable<Status> keep_records(Caller, RecordsToKeep) {
        co_return fail(Fault::not_found, "nothing here");
    }

    /// The caller waits for orders, at most that long. What waits for its user is thought of now.
    virtual asio::awaitable<LineAnswer> hold_line(Caller, std::chrono::milliseconds) {
        co_return LineAnswer();
    }

    /// Success: the node holds a line to here, and has answered just now. Fault::not_found: none.
    virtual asio::awaitable<Status> ping_line(NodeKey) {
        co_return fail(Fault::not_found, "nothing here");
    }

    /// Passed on to the node, if it holds a line. Fault::not_found: it doesn't.
    virtual Status pass_order(NodeKey const&, PullNotice const&) {
        return fail(Fault::not_found, "nothing here");
    }

    /// The node is told that somebody waits for it here, if it holds a line and is one of those
    /// whose bytes pass here. Fault::not_found: it isn't.
    virtual Status call_to_meeting(NodeKey const&, RelayToken const&) {
        return fail(Fault::not_found, "nothing here");
    }

    /// The caller has come for the blob of an offer of ours, and holds it. Fault::not_found: no
    /// such offer to the caller. Fault::corrupt: the receipt is not for it.
    virtual asio::awaitable<Status> receipt_arrived(Caller, OfferId, Receipt) {
        co_return fail(Fault::not_found, "nothing here");
    }

    /// Null where this node takes part in no swarm. It outlives what is begun in it.
    virtual SwarmRoom const* swarm_room() const { return nullptr; }

    /// A node in a swarm sent wrong bytes, and is not talked to any more.
    virtual void swarm_peer_dropped(ContentId const&, std::string const& /*ip*/,
                                    std::string const& /*why*/) {}

    /// A swarm ended before this node had the blob: it comes directly then.
    virtual void swarm_ended(ContentId const&, Error const&) {}

    /// A blob is held, verified and on disk, for one more offer.
    virtual void blob_arrived(Offer const& offer, Route route) = 0;

    /// The store could not do what nobody waits for.
    virtual void store_troubled(Error const& /*why*/) {}

    /// An offer was turned away.
    virtual void offer_refused(Offer const& /*offer*/, Refusal const& /*refusal*/) {}

    /// The bytes of an offer ended before its blob did; `have` of them are here. Its sender may go
    /// on.
    virtual void blob_broken_off(Offer const& /*offer*/, std::uint64_t /*have*/,
                                 Error const& /*why*/) {}
};

}  // namespace satchel::transfer
