#include "mailgw/delivery.h"

#include <algorithm>
#include <utility>

#include "mailgw/detaching.h"
#include "mailgw/header_watch.h"
#include "mailgw/message_planning.h"
#include "mailgw/trace_header.h"
#include "src/base/hex.h"

namespace satchel::mailgw {

namespace {

/// Scans of one message that earlier runs began and, as it is still unplanned, may have died of.
constexpr std::uint64_t scans_survived_max = 2;

}  // namespace

Status Delivery::plan_and_detach(SpooledMessage& message, Numbers const& numbers) {
    auto const fd = world_.spool.open_message(message.id);
    if (!fd) return fail(fd.error());
    ScannedMessage scanned;
    bool const dangerous = message.from_earlier_run && message.scans >= scans_survived_max;
    auto const early =
        world_.early != nullptr ? world_.early->take(message.id) : std::optional<EarlyDigest>();
    if (!dangerous) {
        if (message.from_earlier_run) {
            if (auto noted = world_.spool.note_scan(message.id); !noted) return noted;
        }
        DetachPolicy policy = settings_.detach;
        policy.side = message.envelope.side;
        auto found = scan_message(fd->get(), policy, early ? &*early : nullptr);
        if (!found) return fail(found.error());
        scanned = std::move(*found);
    }
    PlanningOrder order{message.envelope.sender, {}, settings_.may_escrow};
    for (std::size_t const number : numbers)
        order.recipients.push_back(message.envelope.recipients[number].address);
    auto plan = plan_scanned(std::move(scanned), order, world_.locator);
    if (world_.stop.raised()) return fail(Fault::unavailable, "stopping");
    if (dangerous) {
        world_.log.error("scan_avoided", {{"id", message.id}});
        for (RecipientPlan& recipient : plan.recipients)
            recipient.planned = {Plan::full, "reading it ended this program before"};
    }
    Detaching detaching(world_.spool, world_.depot, world_.randomness, world_.log, world_.stop,
                        settings_.may_escrow);
    if (auto done = detaching.run(fd->get(), plan, message, numbers); !done) return done;
    std::vector<SpooledRecipient> changed;
    for (std::size_t const number : numbers) {
        SpooledRecipient const& recipient = message.recipients[number];
        changed.push_back(recipient);
        world_.log.info("planned", {{"id", message.id},
                                    {"recipient", std::to_string(number)},
                                    {"plan", to_string(*recipient.plan)},
                                    {"parts", std::to_string(recipient.parts.size())},
                                    {"reason", recipient.reason}});
    }
    // Planned again after a crash, a message without attachments goes the same way: that saves a
    // sync for most mail.
    bool const certain = !dangerous && plan.message.parts.empty();
    return certain ? Status() : world_.spool.record(message.id, changed);
}

void Delivery::judge_delivered(SpooledMessage const& message, SpooledRecipient& recipient) const {
    bool const repaired = recipient.state == RecipientState::repairing;
    if (repaired || !recipient.waits_for_receipts()) {
        recipient.state = RecipientState::done;
        return;
    }
    recipient.state = RecipientState::escrowed;
    recipient.own_copy = false;
    recipient.next_try =
        message.patience_from + static_cast<std::uint64_t>(settings_.retry.give_up_after.count());
}

void Delivery::judge_temporary(SpooledMessage const& message, SpooledRecipient& recipient,
                               HopResult const& result) {
    auto const now = world_.clock.unix_seconds();
    auto const since = std::max(message.patience_from, recipient.repair_from);
    if (settings_.retry.patience_over(since, now)) {
        recipient.state = RecipientState::failed;
        recipient.trouble = std::string(given_up) + result.reply;
        return;
    }
    auto const dice = world_.randomness.array<2>();
    auto const chance = static_cast<std::uint64_t>(dice[0] << 8 | dice[1]);
    auto const wait = settings_.retry.wait_after(recipient.tries, chance);
    recipient.next_try = now + static_cast<std::uint64_t>(wait.count());
}

void Delivery::judge(SpooledMessage const& message, SpooledRecipient& recipient,
                     HopResult const& result) {
    ++recipient.tries;
    recipient.trouble = result.verdict == HopResult::Verdict::delivered ? "" : result.reply;
    switch (result.verdict) {
        case HopResult::Verdict::delivered:
            judge_delivered(message, recipient);
            break;
        case HopResult::Verdict::permanent:
            recipient.state = RecipientState::failed;
            break;
        case HopResult::Verdict::temporary:
            judge_temporary(message, recipient, result);
            break;
    }
}

/// Once it is recorded: what the log says has happened.
void Delivery::tell(SpooledMessage const& message, SpooledRecipient const& recipient,
                    HopResult const& result) const {
    bool const failed =
        recipient.state == RecipientState::failed || recipient.state == RecipientState::bounced;
    auto const told = failed ? &EventLog::error : &EventLog::info;
    (world_.log.*told)(failed ? "delivery_failed" : "delivery",
                       {{"id", message.id},
                        {"recipient", std::to_string(recipient.number)},
                        {"state", to_string(recipient.state)},
                        {"tries", std::to_string(recipient.tries)},
                        {"reply", result.reply}});
}

Status Delivery::hand_on(SpooledMessage& message, Numbers const& numbers, int fd) {
    bool repeated = message.from_earlier_run;
    for (std::size_t const number : numbers)
        repeated = repeated || message.recipients[number].tries > 0;
    SpooledRecipient const& first = message.recipients[numbers.front()];
    bool const repairing = first.state == RecipientState::repairing;
    char const* const form = repairing ? "-repair" : first.own_copy ? "-copy" : "";
    HopMessage const going{message.id + form, message.received, message.envelope, numbers, fd,
                           repeated};
    auto const results = world_.next_hop.deliver(going);
    Numbers judged;
    std::vector<std::size_t> counted;  // positions in `results`
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        // Cut short by our own stop: as if never tried.
        bool const cut =
            results[i].verdict == HopResult::Verdict::temporary && world_.stop.raised();
        if (cut) continue;
        judge(message, message.recipients[numbers[i]], results[i]);
        judged.push_back(numbers[i]);
        counted.push_back(i);
    }
    if (judged.empty()) return {};
    if (auto recorded = record(message, judged); !recorded) return recorded;
    for (std::size_t const i : counted)
        tell(message, message.recipients[numbers[i]], results[i]);
    return {};
}

Status Delivery::record(SpooledMessage& message, Numbers const& numbers) {
    std::vector<SpooledRecipient> changed;
    Numbers to_tell;
    Numbers untold;
    for (std::size_t const number : numbers) {
        SpooledRecipient& recipient = message.recipients[number];
        bool const ends = recipient.state == RecipientState::failed && settings_.notify_senders;
        bool const tell =
            ends && wants_failure_notice(message.envelope, message.envelope.recipients[number]);
        if (tell) {
            to_tell.push_back(number);
            continue;
        }
        // Nobody would ever act on it, and a spool full of such takes no mail any more.
        if (ends) {
            recipient.state = RecipientState::bounced;
            untold.push_back(number);
        }
        changed.push_back(recipient);
    }
    if (!changed.empty()) {
        if (auto done = world_.spool.record(message.id, changed); !done) return done;
    }
    for (SpooledRecipient const& recipient : changed) {
        if (recipient.state == RecipientState::escrowed)
            world_.spool.drop_copy(message.id, recipient.number);
    }
    for (std::size_t const number : untold) {
        world_.log.warning("failure_untold", {{"id", message.id},
                                              {"recipient", std::to_string(number)},
                                              {"reason", message.envelope.sender.empty()
                                                             ? "null sender"
                                                             : "the sender wants no notice"}});
    }
    return to_tell.empty() ? Status() : notify_sender(message, to_tell);
}

OwnMailFacts Delivery::own_mail_facts() const {
    return {settings_.helo, world_.randomness.array<16>(), world_.clock.unix_seconds()};
}

/// The notice and the end of its recipients are recorded together: whatever happens between, the
/// sender is told once.
Status Delivery::notify_sender(SpooledMessage& message, Numbers const& failed) {
    auto const original = world_.spool.open_message(message.id);
    if (!original) return fail(original.error());
    auto draft = world_.spool.begin(0);
    if (!draft) return fail(draft.error());
    std::vector<FailedRecipient> told;
    std::vector<SpooledRecipient> changed;
    for (std::size_t const number : failed) {
        SpooledRecipient& recipient = message.recipients[number];
        told.push_back({message.envelope.recipients[number], recipient.trouble});
        recipient.state = RecipientState::bounced;
        changed.push_back(recipient);
    }
    Status done = write_failure_notice(own_mail_facts(), message.envelope, message.received, told,
                                       original->get(), draft->fd());
    Envelope envelope;
    envelope.recipients.push_back({message.envelope.sender, "NEVER", ""});
    envelope.smtputf8 = message.envelope.smtputf8;
    envelope.eight_bit = notice_has_eight_bit(message.envelope, told);
    envelope.body = envelope.eight_bit ? BodyType::eight_bit_mime : BodyType::unspecified;
    envelope.eight_bit_header = false;
    // It goes out, and must be known should it come back in.
    envelope.trace =
        trace_lines({settings_.helo, draft->id(), loop_token(envelope.side, world_.spool.token()),
                     world_.clock.unix_seconds()});
    auto const notice = draft->id();
    if (done) {
        done = world_.spool.record_and_commit(message.id, changed, std::move(*draft), envelope);
    }
    if (!done) {
        // As if not tried: the next try ends the same way, and is told then.
        for (std::size_t const number : failed)
            message.recipients[number].state = RecipientState::queued;
        return done;
    }
    world_.log.info(
        "sender_notified",
        {{"id", message.id}, {"notice", notice}, {"recipients", std::to_string(failed.size())}});
    return {};
}

/// The original in full, in a message of our own: the recipient's copy from here on.
Status Delivery::begin_repair(SpooledMessage& message, std::size_t number) {
    auto const original = world_.spool.open_message(message.id);
    if (!original) return fail(original.error());
    std::vector<UniqueFd> copies;
    auto copy = world_.spool.create_copy(message.id, number);
    if (!copy) return fail(copy.error());
    copies.push_back(std::move(*copy));
    auto written = write_repair_mail(own_mail_facts(), message.envelope,
                                     message.envelope.recipients[number].address, original->get(),
                                     copies.front().get());
    if (!written) return written;
    if (auto sealed = world_.spool.seal_copies(copies); !sealed) return sealed;
    SpooledRecipient& recipient = message.recipients[number];
    recipient.state = RecipientState::repairing;
    recipient.own_copy = true;
    recipient.tries = 0;
    recipient.repair_from = recipient.next_try = world_.clock.unix_seconds();
    world_.log.warning(
        "escrow_given_up",
        {{"id", message.id}, {"recipient", std::to_string(number)}, {"reason", recipient.trouble}});
    return world_.spool.record(message.id, {recipient});
}

Status Delivery::hand_on_copy(SpooledMessage& message, std::size_t number) {
    auto const fd = world_.spool.open_copy(message.id, number);
    return fd ? hand_on(message, {number}, fd->get()) : Status(fail(fd.error()));
}

Status Delivery::hand_on_original(SpooledMessage& message, Numbers const& numbers) {
    if (numbers.empty()) return {};
    auto const fd = world_.spool.open_message(message.id);
    return fd ? hand_on(message, numbers, fd->get()) : Status(fail(fd.error()));
}

Result<SpooledMessage> Delivery::attempt(std::string const& id) {
    auto loaded = world_.spool.load(id);
    if (!loaded) return fail(loaded.error());
    SpooledMessage message = std::move(*loaded);
    auto const now = world_.clock.unix_seconds();
    Numbers due;
    Numbers unplanned;
    std::vector<SpooledRecipient> settled;
    for (SpooledRecipient const& recipient : message.recipients) {
        bool const waits =
            !is_settled(recipient.state) && recipient.state != RecipientState::failed;
        if (!waits) settled.push_back(recipient);
        if (!waits || recipient.next_try > now) continue;
        due.push_back(recipient.number);
        if (!recipient.plan) unplanned.push_back(recipient.number);
    }
    if (due.empty()) {
        // The disk may have refused to record this before; then the row still calls it due.
        if (auto recorded = world_.spool.record(id, settled); !recorded) {
            return fail(recorded.error());
        }
        return message;
    }
    if (!unplanned.empty()) {
        if (auto done = plan_and_detach(message, unplanned); !done) return fail(done.error());
    }
    Numbers originals;
    for (std::size_t const number : due) {
        if (world_.stop.raised()) return message;
        if (message.recipients[number].state == RecipientState::escrowed) {
            if (auto begun = begin_repair(message, number); !begun) return fail(begun.error());
        }
        if (!message.recipients[number].own_copy) {
            originals.push_back(number);
        } else if (auto done = hand_on_copy(message, number); !done) {
            return fail(done.error());
        }
    }
    if (auto done = hand_on_original(message, originals); !done) return fail(done.error());
    return message;
}

}  // namespace satchel::mailgw
