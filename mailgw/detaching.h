// Carries out the plan of one message up to the next hop's door: attachments into the recipients'
// storage or into escrow for it, and a copy with placeholders for each recipient for whom all of
// them are safe.
#pragma once

#include <vector>

#include "mailgw/attachment_depot.h"
#include "mailgw/detach_proof.h"
#include "mailgw/message_planning.h"
#include "mailgw/spool.h"
#include "mailgw/stop_signal.h"
#include "src/base/event_log.h"
#include "src/base/randomness.h"
#include "src/base/result.h"

namespace satchel::mailgw {

class Detaching {
public:
    /// `may_escrow`: a storage that turns out to be away gets its blob later.
    Detaching(Spool& spool, AttachmentDepot& depot, Randomness& randomness, EventLog const& log,
              StopSignal const& stop, bool may_escrow)
        : spool_(spool)
        , depot_(depot)
        , randomness_(randomness)
        , log_(log)
        , stop_(stop)
        , may_escrow_(may_escrow) {}

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
    void take_outcome(Deposit const& deposit, DepositOutcome outcome, MessagePlan const& plan,
                      DetachablePart const& part, Candidate& candidate) const;
    Status end_refused(std::vector<Candidate> const& all);
    Status write_copies(int message_fd, MessagePlan const& plan, SpooledMessage& message,
                        DetachProof const& proof, std::vector<Candidate>& all);

    Spool& spool_;
    AttachmentDepot& depot_;
    Randomness& randomness_;
    EventLog const& log_;
    StopSignal const& stop_;
    bool may_escrow_;
};

}  // namespace satchel::mailgw
