#include "mailgw/escrow_watch.h"

#include <algorithm>
#include <chrono>
#include <map>

namespace satchel::mailgw {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t tickets_at_once = 500;
constexpr auto round_period_min = 1000ms;
constexpr auto period_per_ticket = 5ms;  // so that asking never fills a day
constexpr auto period_after_error = 5s;

/// What became of one recipient's attachments.
struct Change {
    bool delivered = false;
    bool lost = false;
};

Change apply(SpooledRecipient& recipient, std::string const& ticket, EscrowReport const& report) {
    Change change;
    for (StoredPart& part : recipient.parts) {
        if (part.ticket != ticket || !part.in_escrow()) continue;
        if (report.state == EscrowState::delivered) {
            part.receipt = report.receipt;
            part.route = report.route;
            change.delivered = true;
        } else if (report.state == EscrowState::unknown) {
            change.lost = true;
        } else if (recipient.state == RecipientState::escrowed) {
            recipient.trouble = report.reason;
        }
    }
    return change;
}

}  // namespace

void EscrowWatch::start(std::function<std::unique_ptr<EscrowDepot>()> make_depot) {
    thread_ = std::thread([this, make_depot = std::move(make_depot)] {
        auto const depot = make_depot();
        work(*depot);
    });
}

void EscrowWatch::wake() {
    std::lock_guard const guard(mutex_);
    ++wakes_;
    changed_.notify_one();
}

void EscrowWatch::stop() {
    {
        std::lock_guard const guard(mutex_);
        stopping_ = true;
        changed_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
}

void EscrowWatch::work(EscrowDepot& depot) {
    std::unique_lock lock(mutex_);
    bool troubled = false;
    while (!stopping_) {
        auto const seen = wakes_;
        lock.unlock();
        auto const waiting = round(depot);
        lock.lock();
        if (!waiting && !troubled && !stopping_)
            log_.warning("escrow_unknown", {{"reason", waiting.error().what}});
        troubled = !waiting;
        std::chrono::milliseconds const pause =
            waiting ? std::max<std::chrono::milliseconds>(
                          round_period_min, period_per_ticket * static_cast<long>(*waiting))
                    : period_after_error;
        changed_.wait_for(lock, pause, [&] { return stopping_ || wakes_ != seen; });
    }
}

Status EscrowWatch::release_ended(EscrowDepot& depot) {
    for (;;) {
        auto const ended = spool_.ended_escrow(tickets_at_once);
        if (!ended) return fail(ended.error());
        if (ended->empty()) return {};
        if (auto done = depot.release(*ended); !done) return done;
        if (auto done = spool_.escrow_released(*ended); !done) return done;
        log_.info("escrow_released", {{"tickets", std::to_string(ended->size())}});
    }
}

Result<std::size_t> EscrowWatch::round(EscrowDepot& depot) {
    if (auto done = release_ended(depot); !done) return fail(done.error());
    auto const all = spool_.escrowed();
    if (!all) return fail(all.error());
    for (std::size_t at = 0; at < all->size(); at += tickets_at_once) {
        auto const begin = all->begin() + static_cast<std::ptrdiff_t>(at);
        auto const size = std::min(tickets_at_once, all->size() - at);
        std::vector<EscrowedPart> const parts(begin, begin + static_cast<std::ptrdiff_t>(size));
        std::vector<std::string> tickets;
        for (EscrowedPart const& part : parts)
            tickets.push_back(part.ticket);
        auto const reports = depot.look(tickets);
        if (!reports) return fail(reports.error());
        if (reports->size() != parts.size())
            return fail(Fault::corrupt, "escrow: not one report per ticket");
        take(parts, *reports);
    }
    return all->size();
}

void EscrowWatch::take(std::vector<EscrowedPart> const& parts,
                       std::vector<EscrowReport> const& reports) {
    std::map<std::string, std::pair<std::vector<EscrowedPart>, std::vector<EscrowReport>>> messages;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        auto& [its_parts, its_reports] = messages[parts[i].message];
        its_parts.push_back(parts[i]);
        its_reports.push_back(reports[i]);
    }
    for (auto const& [id, news] : messages) {
        if (!queue_.try_claim(id)) continue;
        auto const done = take_message(id, news.first, news.second);
        queue_.release(id);
        if (!done) log_.error("escrow_unrecorded", {{"id", id}, {"reason", done.error().what}});
    }
}

Status EscrowWatch::take_message(std::string const& id, std::vector<EscrowedPart> const& parts,
                                 std::vector<EscrowReport> const& reports) {
    auto message = spool_.load(id);
    if (!message)
        return message.error().fault == Fault::not_found ? Status() : fail(message.error());
    std::map<std::size_t, SpooledRecipient> changed;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (parts[i].recipient >= message->recipients.size()) continue;
        SpooledRecipient& recipient = message->recipients[parts[i].recipient];
        auto const before = recipient.trouble;
        Change const change = apply(recipient, parts[i].ticket, reports[i]);
        if (change.lost) {
            log_.error("escrow_lost", {{"id", id}, {"ticket", parts[i].ticket.substr(0, 8)}});
            recipient.trouble = "the escrow has lost it";
            // Placeholders that have left are repaired now; others don't leave.
            if (recipient.state == RecipientState::escrowed) recipient.next_try = 0;
            if (recipient.state == RecipientState::queued) {
                recipient.plan = Plan::full;
                recipient.own_copy = false;
                recipient.parts.clear();
            }
        }
        bool const complete =
            recipient.state == RecipientState::escrowed && !recipient.waits_for_receipts();
        if (complete) recipient.state = RecipientState::done;
        if (complete) recipient.trouble.clear();
        if (change.delivered || change.lost || recipient.trouble != before)
            changed[recipient.number] = recipient;
    }
    if (changed.empty()) return {};
    std::vector<SpooledRecipient> all;
    for (auto const& [number, recipient] : changed)
        all.push_back(recipient);
    if (auto done = spool_.record(id, all); !done) return done;
    for (SpooledRecipient const& recipient : all) {
        // Of no use where the message goes in full now.
        if (recipient.plan == Plan::full) spool_.drop_copy(id, recipient.number);
        if (recipient.state == RecipientState::done) {
            log_.info("escrow_delivered",
                      {{"id", id}, {"recipient", std::to_string(recipient.number)}});
        }
    }
    return {};
}

}  // namespace satchel::mailgw
