// One message on its way out: planned once, then handed to the next hop until everybody has it or
// is refused. Every step is durable before the next one, so that a retry goes on where the last try
// ended and deposits nothing twice.
#pragma once

#include <string>
#include <vector>

#include "mailgw/attachment_depot.h"
#include "mailgw/early_digests.h"
#include "mailgw/message_scan.h"
#include "mailgw/next_hop.h"
#include "mailgw/own_mail.h"
#include "mailgw/recipient_locator.h"
#include "mailgw/retry_schedule.h"
#include "mailgw/spool.h"
#include "mailgw/stop_signal.h"
#include "src/base/clock.h"
#include "src/base/event_log.h"
#include "src/base/randomness.h"
#include "src/base/result.h"

namespace satchel::mailgw {

struct DeliverySettings {
    DetachPolicy detach;
    RetrySchedule retry;
    std::string helo;         ///< our name
    bool may_escrow = false;  ///< attachments may wait here for a storage that is away
    /// Senders are told of failures by mail. Off where whoever submits waits for the outcome.
    bool notify_senders = true;
};

/// One thread at a time; `spool`, `randomness` and `log` may be shared.
class Delivery {
public:
    struct World {
        Spool& spool;
        RecipientLocator& locator;
        AttachmentDepot& depot;
        NextHop& next_hop;
        Clock const& clock;
        Randomness& randomness;
        EventLog const& log;
        StopSignal const& stop;
        EarlyDigests* early = nullptr;  ///< where messages may have been read already
    };

    Delivery(World world, DeliverySettings settings)
        : world_(world)
        , settings_(std::move(settings)) {}

    /// Tries all recipients that are due. Gives the message as it stands then, also where the spool
    /// has let go of it because everybody has it. Fails where the spool or the message file could
    /// not be used: nothing is lost, try again.
    ///
    /// Where the next hop has placeholders and receipts are missing, a recipient is escrowed until
    /// EscrowWatch has the receipts, or patience ends: then the original goes in full.
    ///
    /// Of recipients that the next hop refuses for good, and of those given up after
    /// `give_up_after`, the sender is told. Where none may be told (the null sender, NOTIFY=NEVER)
    /// the log says so, and what was kept for them goes, as in any mail server. Without
    /// `notify_senders` they are kept as failed: `queue --retry` tries again.
    Result<SpooledMessage> attempt(std::string const& id);

private:
    using Numbers = std::vector<std::size_t>;

    Status plan_and_detach(SpooledMessage& message, Numbers const& numbers);
    Status hand_on_copy(SpooledMessage& message, std::size_t number);
    Status hand_on_original(SpooledMessage& message, Numbers const& numbers);
    Status hand_on(SpooledMessage& message, Numbers const& numbers, int fd);
    void judge(SpooledMessage const& message, SpooledRecipient& recipient, HopResult const& result);
    void tell(SpooledMessage const& message, SpooledRecipient const& recipient,
              HopResult const& result) const;
    void judge_delivered(SpooledMessage const& message, SpooledRecipient& recipient) const;
    void judge_temporary(SpooledMessage const& message, SpooledRecipient& recipient,
                         HopResult const& result);
    Status record(SpooledMessage& message, Numbers const& numbers);
    Status begin_repair(SpooledMessage& message, std::size_t number);
    Status notify_sender(SpooledMessage& message, Numbers const& failed);
    OwnMailFacts own_mail_facts() const;

    World world_;
    DeliverySettings settings_;
};

}  // namespace satchel::mailgw
