// From a message and its recipients to a plan for each: scan, look up, decide. Nothing is moved;
// `send --dry-run` stops here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mailgw/delivery_planner.h"
#include "mailgw/message_scan.h"
#include "mailgw/recipient_locator.h"
#include "src/base/result.h"
#include "src/core/address.h"

namespace satchel::mailgw {

struct RecipientPlan {
    std::optional<Address> address;  ///< none where it has no normal form
    PlannedDelivery planned;
    std::string page;  ///< of the storage record, "" none
};

struct MessagePlan {
    ScannedMessage message;
    std::string sender;                     ///< normal form of the envelope sender, "" for none
    std::vector<RecipientPlan> recipients;  ///< as asked for
};

/// Whose message it is, and what may be done with it.
struct PlanningOrder {
    std::string sender;                   ///< as in an Envelope
    std::vector<std::string> recipients;  ///< as in an Envelope
    bool may_escrow = false;
};

/// Fails only when the message can't be read: where
/// nobody can be asked about recipients, the plan is full.
Result<MessagePlan> plan_message(int fd, DetachPolicy const& policy, PlanningOrder const& order,
                                 RecipientLocator& locator);

/// The same for a message that was scanned already.
MessagePlan plan_scanned(ScannedMessage message, PlanningOrder const& order,
                         RecipientLocator& locator);

}  // namespace satchel::mailgw
