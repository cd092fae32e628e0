// What one caller may see of a node, and the answers that need neither disk nor network. A pure
// state machine: request in, answer out (DESIGN: section 5, "who may").
#pragma once

#include <optional>

#include "src/base/bytes.h"
#include "src/base/clock.h"
#include "src/core/keys.h"
#include "transfer/blob_store.h"
#include "transfer/control_host.h"
#include "transfer/control_message.h"
#include "transfer/control_request.h"
#include "transfer/incoming_offers.h"

namespace satchel::transfer {

/// A whole answer with its msgpack body.
struct Answer {
    unsigned status = 200;
    Bytes body;
    bool hang_up = false;  ///< the rest of the request is not read
};

Answer answer_of(Refusal const& refusal);
Answer answer_of(OfferProgress const& progress);
Answer answer_of(unsigned status, Receipt const& receipt);

/// What everybody gets who may not know whether a thing exists.
Answer nothing_here();

class ControlSession {
public:
    ControlSession(ControlHost const& host, IncomingOffers const& offers, Clock const& clock,
                   NodeKey const& self)
        : host_(host)
        , offers_(offers)
        , clock_(clock)
        , self_(self) {}

    Answer ping() const;
    Answer offer(Caller const& caller, OfferId const& id) const;
    Answer receipt(Caller const& caller, OfferId const& id) const;
    asio::awaitable<Answer> holdings(Caller caller, std::optional<ContentId> after) const;
    asio::awaitable<Answer> waiting(Caller caller, std::optional<ContentId> id) const;

    /// Is the blob held for somebody whose node or device this is?
    bool may_read(Caller const& caller, HeldBlob const& held) const;

    /// Is the blob on offer to this very node?
    bool is_offered_to(Caller const& caller, ContentId const& id) const;

    /// The decision of admission.h with what this node knows. Domains are asked about only where
    /// it hangs on them: a stranger can't make a node ask for names by offers that are no good.
    asio::awaitable<Admission> judge(Caller caller, Offer offer) const;

private:
    ControlHost const& host_;
    IncomingOffers const& offers_;
    Clock const& clock_;
    NodeKey self_;
};

}  // namespace satchel::transfer
