#include "mailgw/delivery.h"

#include <algorithm>
#include <utility>

#include "mailgw/detaching.h"
#include "mailgw/message_planning.h"
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
    if (!dangerous) {
        if (message.from_earlier_run) {
            if (auto noted = world_.spool.note_scan(message.id); !noted) return noted;
        }
        DetachPolicy policy = settings_.detach;
        policy.side = message.envelope.side;
        auto found = scan_message(fd->get(), policy);
        if (!found) return fail(found.error());
        scanned = std::move(*found);
    }
    std::vector<std::string> recipients;
    for (std::size_t const number : numbers)
        recipients.push_back(message.envelope.recipients[number].address);
    auto plan =
        plan_scanned(std::move(scanned), message.envelope.sender, recipients, world_.locator);
    if (world_.stop.raised()) return fail(Fault::unavailable, "stopping");
    if (dangerous) {
        world_.log.error("scan_avoided", {{"id", message.id}});
        for (RecipientPlan& recipient : plan.recipients)
            recipient.planned = {Plan::full, "reading it ended this program before"};
    }
    Detaching detaching(world_.spool, world_.depot, world_.randomness, world_.log, world_.stop);
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
    return world_.spool.record(message.id, changed);
}

void Delivery::judge(SpooledMessage const& message, SpooledRecipient& recipient,
                     HopResult const& result) {
    auto const now = world_.clock.unix_seconds();
    ++recipient.tries;
    recipient.trouble = result.verdict == HopResult::Verdict::delivered ? "" : result.reply;
    switch (result.verdict) {
        case HopResult::Verdict::delivered:
            recipient.state = RecipientState::done;
            break;
        case HopResult::Verdict::permanent:
            recipient.state = RecipientState::failed;
            break;
        case HopResult::Verdict::temporary: {
            if (settings_.retry.patience_over(message.patience_from, now)) {
                recipient.state = RecipientState::failed;
                recipient.trouble = "given up: " + result.reply;
                break;
            }
            auto const dice = world_.randomness.array<2>();
            auto const chance = static_cast<std::uint64_t>(dice[0] << 8 | dice[1]);
            auto const wait = settings_.retry.wait_after(recipient.tries, chance);
            recipient.next_try = now + static_cast<std::uint64_t>(wait.count());
            break;
        }
    }
    bool const failed = recipient.state == RecipientState::failed;
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
    HopMessage const going{message.id, message.received, message.envelope, numbers, fd, repeated};
    auto const results = world_.next_hop.deliver(going);
    std::vector<SpooledRecipient> changed;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        // Cut short by our own stop: as if never tried.
        bool const cut =
            results[i].verdict == HopResult::Verdict::temporary && world_.stop.raised();
        if (cut) continue;
        SpooledRecipient& recipient = message.recipients[numbers[i]];
        judge(message, recipient, results[i]);
        changed.push_back(recipient);
    }
    return changed.empty() ? Status() : world_.spool.record(message.id, changed);
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
        if (recipient.state != RecipientState::queued) settled.push_back(recipient);
        if (recipient.state != RecipientState::queued || recipient.next_try > now) continue;
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
