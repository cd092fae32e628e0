#include "mailgw/detaching.h"

#include <algorithm>
#include <map>
#include <optional>

#include "mailgw/detacher.h"

namespace satchel::mailgw {

/// A recipient with storage; several envelope recipients may be the same address.
struct Detaching::Candidate {
    Address address;
    std::vector<std::size_t> numbers;
    Plan plan = Plan::push;  ///< unless some part is in escrow
    std::string page;
    std::string refusal;  ///< why it goes in full after all, "" while all is well
    std::string away;     ///< why some part is in escrow, "" if none is
    std::vector<Placeholder> placeholders;
    std::vector<StoredPart> parts;

    bool alive() const { return refusal.empty(); }
};

std::vector<Detaching::Candidate> Detaching::candidates(
    MessagePlan const& plan, std::vector<std::size_t> const& numbers) const {
    std::map<Address, std::size_t> known;
    std::vector<Candidate> all;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        RecipientPlan const& recipient = plan.recipients[i];
        if (recipient.planned.plan == Plan::full || !recipient.address) continue;
        auto const [at, fresh] = known.emplace(*recipient.address, all.size());
        if (fresh)
            all.push_back(
                {*recipient.address, {}, recipient.planned.plan, recipient.page, "", "", {}, {}});
        all[at->second].numbers.push_back(numbers[i]);
    }
    return all;
}

void Detaching::take_outcome(Deposit const& deposit, DepositOutcome outcome,
                             MessagePlan const& plan, DetachablePart const& part,
                             Candidate& candidate) const {
    if (!outcome.stored && outcome.ticket.empty()) {
        candidate.refusal = outcome.reason.empty() ? "storage did not take it" : outcome.reason;
        return;
    }
    if (!outcome.stored) {
        candidate.away = outcome.reason.empty() ? "storage unavailable" : outcome.reason;
        outcome.receipt.clear();
        outcome.route.clear();
    }
    candidate.parts.push_back({deposit.content_id, part.label.bytes, deposit.blob_bytes,
                               std::move(outcome.receipt), std::move(outcome.route),
                               std::move(outcome.ticket)});
    candidate.placeholders.push_back({deposit.content_id,
                                      deposit.blob_bytes,
                                      std::move(outcome.grant),
                                      std::move(outcome.sealed_restore),
                                      {},
                                      plan.sender,
                                      candidate.page});
}

void Detaching::deposit(AttachmentSource const& source, MessagePlan const& plan,
                        DetachablePart const& part, std::vector<Candidate*> const& sharing) {
    DepositOrder order;
    order.source = source;
    order.label = part.label;
    order.label.message_id = plan.message.message_id;
    order.label.subject = plan.message.subject;
    order.label.sender = plan.message.from.empty() ? plan.sender : plan.message.from;
    order.restore = part.restore;
    order.sender = plan.sender;
    order.may_escrow = may_escrow_;
    for (Candidate const* candidate : sharing)
        order.recipients.push_back(candidate->address);
    auto deposit = depot_.deposit(order);
    bool const complete = deposit && deposit->outcomes.size() == sharing.size();
    for (std::size_t i = 0; i < sharing.size(); ++i) {
        Candidate& candidate = *sharing[i];
        if (!complete) {
            candidate.refusal =
                deposit ? "storage: not one outcome per recipient" : deposit.error().what;
            continue;
        }
        take_outcome(*deposit, std::move(deposit->outcomes[i]), plan, part, candidate);
    }
}

Status Detaching::deposit_all(int message_fd, MessagePlan const& plan,
                              std::vector<Candidate>& all) {
    // A blob that two share tells each that the other has it: fine for To and Cc, not for Bcc.
    std::vector<std::vector<Candidate*>> groups(1);
    auto const& visible = plan.message.header_recipients;
    for (Candidate& candidate : all) {
        bool const named =
            std::find(visible.begin(), visible.end(), candidate.address.text()) != visible.end();
        if (named) {
            groups[0].push_back(&candidate);
        } else {
            groups.push_back({&candidate});
        }
    }
    for (DetachablePart const& part : plan.message.parts) {
        AttachmentSource const source{message_fd, part.source_begin, part.source_end,
                                      part.decoding};
        for (auto& group : groups) {
            std::erase_if(group, [](Candidate const* candidate) { return !candidate->alive(); });
            if (group.empty()) continue;
            deposit(source, plan, part, group);
            // A deposit that our own stop cut short says nothing about the storage.
            if (stop_.raised()) return fail(Fault::unavailable, "stopping");
        }
    }
    return {};
}

Status Detaching::write_copies(int message_fd, MessagePlan const& plan, SpooledMessage& message,
                               DetachProof const& proof, std::vector<Candidate>& all) {
    std::vector<UniqueFd> copies;
    for (Candidate& candidate : all) {
        if (!candidate.alive()) continue;
        for (std::size_t const number : candidate.numbers) {
            for (Placeholder& placeholder : candidate.placeholders)
                placeholder.part_id = randomness_.array<16>();
            auto copy = spool_.create_copy(message.id, number);
            Status written =
                copy ? write_detached(message_fd, plan.message, candidate.placeholders, copy->get())
                     : Status(fail(copy.error()));
            if (written) written = proof.check(copy->get(), candidate.placeholders);
            SpooledRecipient& recipient = message.recipients[number];
            recipient.own_copy = written.has_value();
            if (written) {
                recipient.plan = candidate.away.empty() ? candidate.plan : Plan::escrow;
                recipient.reason = candidate.away;
                recipient.parts = candidate.parts;
                copies.push_back(std::move(*copy));
            } else {
                spool_.drop_copy(message.id, number);
                recipient.reason = written.error().what;
            }
        }
        bool const used =
            std::any_of(candidate.numbers.begin(), candidate.numbers.end(),
                        [&](std::size_t number) { return message.recipients[number].own_copy; });
        if (!used) candidate.refusal = message.recipients[candidate.numbers.front()].reason;
    }
    return copies.empty() ? Status() : spool_.seal_copies(copies);
}

/// What was kept for somebody who gets the message in full after all.
Status Detaching::end_refused(std::vector<Candidate> const& all) {
    std::vector<std::string> tickets;
    for (Candidate const& candidate : all) {
        if (candidate.alive()) continue;
        for (StoredPart const& part : candidate.parts)
            if (!part.ticket.empty()) tickets.push_back(part.ticket);
    }
    return tickets.empty() ? Status() : spool_.end_escrow(tickets);
}

Status Detaching::run(int message_fd, MessagePlan const& plan, SpooledMessage& message,
                      std::vector<std::size_t> const& numbers) {
    auto all = candidates(plan, numbers);
    std::optional<DetachProof> proof;
    if (!all.empty()) proof.emplace(message_fd, plan.message);
    if (auto done = deposit_all(message_fd, plan, all); !done) return done;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        SpooledRecipient& recipient = message.recipients[numbers[i]];
        recipient.plan = Plan::full;
        recipient.reason = plan.recipients[i].planned.reason;
    }
    for (Candidate const& candidate : all) {
        for (std::size_t const number : candidate.numbers)
            message.recipients[number].reason = candidate.refusal;
        if (!candidate.alive()) {
            log_.warning("deposit_failed", {{"id", message.id}, {"reason", candidate.refusal}});
        }
    }
    if (proof) {
        if (auto done = write_copies(message_fd, plan, message, *proof, all); !done) return done;
    }
    return end_refused(all);
}

}  // namespace satchel::mailgw
