// Carries out the plan of one message up to the next hop's door: attachments into the recipients'
// storage, and a copy with placeholders for each recipient whose storage holds all of them.
#pragma once

#include <vector>

#include "mailgw/attachment_depot.h"
#include "mailgw/message_planning.h"
#include "mailgw/spool.h"
#include "mailgw/stop_signal.h"
#include "src/base/event_log.h"
#include "src/base/randomness.h"
#include "src/base/result.h"

namespace satchel::mailgw {

class Detaching {
public:
    Detaching(Spool& spool, AttachmentDepot& depot, Randomness& randomness, EventLog const& log,
              StopSignal const& stop)
        : spool_(spool)
        , depot_(depot)
        , randomness_(randomness)
        , log_(log)
        , stop_(stop) {}

    /// plan.recipients belong to message.recipients[numbers[i]]: those get plan, reason, parts and
    /// own_copy. To and Cc recipients share a blob, everybody else has their own. The copies are on
    /// disk, the states are not recorded yet. Fails where nothing was decided: to be tried again.
    Status run(int message_fd, MessagePlan const& plan, SpooledMessage& message,
               std::vector<std::size_t> const& numbers);

private:
    struct Candidate;

    std::vector<Candidate> candidates(MessagePlan const& plan,
                                      std::vector<std::size_t> const& numbers) const;
    Status deposit_all(int message_fd, MessagePlan const& plan, std::vector<Candidate>& all);
    void deposit(AttachmentSource const& source, MessagePlan const& plan,
                 DetachablePart const& part, std::vector<Candidate*> const& sharing);
    Status write_copies(int message_fd, MessagePlan const& plan, SpooledMessage& message,
                        std::vector<Candidate>& all);

    Spool& spool_;
    AttachmentDepot& depot_;
    Randomness& randomness_;
    EventLog const& log_;
    StopSignal const& stop_;
};

}  // namespace satchel::mailgw
