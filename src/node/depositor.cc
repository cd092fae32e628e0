#include "src/node/depositor.h"

#include <algorithm>

#include "src/node/deposit_job.h"
#include "transfer/age_file.h"
#include "transfer/age_grant.h"

namespace satchel::node {

namespace {

constexpr std::size_t recipients_at_once = 8;
constexpr unsigned encryptions_at_once = 3;  ///< one more than may go at a receiver's pace

bool is_usable(LookupReport const& report) {
    return report.storage && report.trusted && report.age_recipient;
}

}  // namespace

Depositor::~Depositor() {
    stopping_ = true;  // what is being encrypted ends, and the next process goes on with it
}

Depositor::Depositor(World world)
    : world_(std::move(world))
    , begun_({world_.outbox.parent_path() / "begun", world_.identity.age, world_.clock,
              world_.randomness})
    , unfinished_({world_.outbox.parent_path() / "unfinished", world_.identity.age,
                   world_.randomness, machine_boot()})
    , encryptors_(world_.owner, encryptions_at_once) {}

/// What opens the blob for one recipient, or why they don't get it this way.
Result<EscrowItem> Depositor::prepare(Job& job, std::size_t index, LookupReport const& report) {
    if (!job.made) return fail(job.made.error());
    if (!is_usable(report)) return fail(Fault::refused, report.reason);
    if (report.accept.max_bytes != 0 && job.blob.bytes > report.accept.max_bytes)
        return fail(Fault::too_large, "larger than the recipient's storage takes");
    mailgw::DepositOutcome& outcome = job.deposit.outcomes[index];
    std::array<AgeRecipient, 1> const recipients{*report.age_recipient};
    auto grant = transfer::make_grant(job.outgoing.key, *report.age_recipient, world_.randomness);
    if (!grant) return fail(grant.error());
    auto label =
        transfer::encrypt_age(recipients, encode_label(job.request.label), world_.randomness);
    if (!label) return fail(label.error());
    if (!job.request.restore.empty()) {
        auto sealed = transfer::encrypt_age(recipients, job.request.restore, world_.randomness);
        if (!sealed) return fail(sealed.error());
        outcome.sealed_restore = std::move(*sealed);
    }
    outcome.grant = *grant;
    EscrowItem item{.ticket = {},
                    .content_id = {},
                    .blob_bytes = 0,
                    .recipient = report.storage_address,
                    .sender = job.request.sender,
                    .grant = std::move(*grant),
                    .label = std::move(*label),
                    .nodes = {},
                    .user_key = report.user_key,
                    .receipt = {},
                    .route = {},
                    .name = job.request.label.name,
                    .message_id = job.request.label.message_id};
    for (NodeReport const& node : report.nodes)
        item.nodes.push_back(node.node_key);
    return item;
}

std::function<void(std::uint64_t)> Depositor::progress_of(Job& job, std::size_t index) const {
    return [&job, index](std::uint64_t done) {
        job.moved[index] = done;
        std::uint64_t all = 0;
        for (auto const& [who, bytes] : job.moved)
            all += bytes;
        std::uint64_t const total = job.blob.bytes * job.deposit.outcomes.size();
        // Nobody's eyes are quicker, and whoever listens costs the transfer time.
        if (all != total && all < job.told + total / 128) return;
        job.told = all;
        if (job.progress) job.progress(all, total);
    };
}

asio::awaitable<void> Depositor::send_ahead(Job& job, std::size_t index, LookupReport const& report,
                                            std::shared_ptr<DepositAhead> ahead) {
    bool const possible =
        job.growing && is_usable(report) && report.available &&
        (report.accept.max_bytes == 0 || job.growing->bytes() <= report.accept.max_bytes);
    if (possible) {
        CarryOrder order{
            report.storage_address, job.request.sender, {}, {}, progress_of(job, index)};
        order.name = job.request.label.name;
        order.was_named = job.was_named;
        ahead->sent = co_await world_.carrier.send_ahead(job.growing, job.offer, std::move(order),
                                                         report.nodes);
    }
    if (job.growing) give_back_window(job, ahead->sent && ahead->sent->whole);
    ahead->ended.set();
}

asio::awaitable<Status> Depositor::bring(Job& job, std::size_t index) {
    mailgw::DepositOutcome& outcome = job.deposit.outcomes[index];
    SwarmGathering::Seat seat = job.gathering->seat();
    location::TrustFor trust_for = [&job](Address asked) {
        return job.trust.inputs_for(std::move(asked));
    };
    location::ResolveOptions options;
    options.ping = false;  // the delivery itself tells
    LookupReport const report =
        co_await world_.resolver.resolve(outcome.recipient, std::move(trust_for), options);
    auto const ahead = std::make_shared<DepositAhead>(world_.owner.get_executor());
    asio::co_spawn(world_.owner, send_ahead(job, index, report, ahead), asio::detached);
    co_await job.encrypted.wait();
    auto item = prepare(job, index, report);
    // From here on it could be kept, though most of it may still be on its way.
    if (item && report.available && may_keep(job)) job.under_way.emplace(index, *item);
    job.changed.cancel();
    co_await ahead->ended.wait();
    if (!item) co_return fail(item.error());
    Result<transfer::Delivered> delivered = fail(Fault::unavailable, report.reason);
    if (report.available) {
        CarryOrder order{
            report.storage_address,      job.request.sender, item->grant,   item->label,
            progress_of(job, index),     report.gateway,     report.record, job.request.label.name,
            job.request.label.message_id};
        order.ahead = std::move(ahead->sent);
        if (!order.ahead) order.ahead = known_offer(job, report);
        auto together = co_await job.gathering->join(std::move(seat), order, report.nodes);
        if (together) delivered = std::move(*together);
        if (!delivered) delivered = co_await carry(job, std::move(order), report.nodes);
    }
    if (job.answered) {
        co_await hand_over(job, index, std::move(delivered), copies_wanted(report));
        co_return Status();
    }
    job.under_way.erase(index);
    if (delivered) {
        if (!job.first_stored) job.first_stored = std::chrono::steady_clock::now();
        outcome.stored = true;
        outcome.receipt = encode_receipt(delivered->receipt);
        outcome.route = to_string(delivered->route);
        if (copies_wanted(report) > 1 && may_keep(job)) {
            item->receipt = outcome.receipt;
            item->route = outcome.route;
            item->copies = {delivered->receipt.node};
            item->copies_wanted = copies_wanted(report);
            item->released = true;  // the first receipt is all that the mail waits for
            job.away.emplace(index, std::move(*item));
        }
        co_return Status();
    }
    auto const fault = delivered.error().fault;
    bool const away = fault == Fault::unavailable || fault == Fault::timed_out;
    if (away && may_keep(job)) job.away.emplace(index, std::move(*item));
    co_return fail(delivered.error());
}

asio::awaitable<void> Depositor::serve(std::shared_ptr<Job> job) {
    while (job->next < job->deposit.outcomes.size()) {
        std::size_t const index = job->next++;
        auto const brought = co_await bring(*job, index);
        if (job->answered) break;
        ++job->served;
        job->changed.cancel();
        mailgw::DepositOutcome& outcome = job->deposit.outcomes[index];
        if (brought && job->settled) job->settled(outcome);
        if (brought || !job->made) continue;
        outcome.stored = false;
        outcome.reason = brought.error().what;
        world_.log.warning("not_delivered", {{"recipient", outcome.recipient.text()},
                                             {"content", job->deposit.content_id.short_form()},
                                             {"reason", outcome.reason}});
        if (job->settled) job->settled(outcome);
    }
    --job->running;
    job->changed.cancel();
}

asio::awaitable<Result<transfer::Delivered>> Depositor::carry(Job& job, CarryOrder order,
                                                              std::vector<NodeReport> nodes) {
    order.complete = [this, &job]() -> asio::awaitable<Result<std::shared_ptr<UniqueFd>>> {
        if (Status whole = co_await complete(job); !whole) co_return fail(whole.error());
        co_return job.blob.file;
    };
    co_return co_await world_.carrier.carry(job.blob, std::move(order), std::move(nodes));
}

/// What went to the node asked first is known there by the id of its draft, also from a process
/// that was killed.
std::optional<SentAhead> Depositor::known_offer(Job const& job, LookupReport const& report) {
    auto const first = std::ranges::find_if(report.nodes, &NodeReport::available);
    if (job.request.recipients.size() != 1 || first == report.nodes.end()) return std::nullopt;
    return SentAhead{.node = first->node_key, .offer = job.offer};
}

/// Durable for all who are away or lack copies, or for none.
asio::awaitable<void> Depositor::keep(Job& job) {
    std::vector<std::size_t> indices;
    std::vector<EscrowItem> items;
    for (auto& [index, item] : job.away) {
        indices.push_back(index);
        items.push_back(std::move(item));
    }
    Status const whole = co_await complete(job);
    Result<std::vector<EscrowItem>> kept = std::vector<EscrowItem>();
    if (whole) {
        kept = co_await world_.escrow->keep(job.blob, std::move(items));
    } else {
        kept = fail(whole.error());
    }
    for (std::size_t i = 0; i < indices.size(); ++i) {
        mailgw::DepositOutcome& outcome = job.deposit.outcomes[indices[i]];
        if (outcome.stored) {
            if (!kept) world_.log.warning("copies_not_kept", {{"reason", kept.error().what}});
        } else if (kept) {
            outcome.ticket = (*kept)[i].ticket;
            job.tickets.emplace(indices[i], outcome.ticket);
        } else {
            outcome.reason += "; not kept: " + kept.error().what;
        }
    }
    job.kept.set();
}

void Depositor::count(Job const& job) {
    for (mailgw::DepositOutcome const& outcome : job.deposit.outcomes) {
        bool const kept = !outcome.stored && !outcome.ticket.empty();
        totals_.delivered += outcome.stored ? 1U : 0U;
        totals_.escrowed += kept ? 1U : 0U;
        totals_.failed += outcome.stored || kept ? 0U : 1U;
        totals_.detached_bytes += outcome.stored || kept ? job.request.label.bytes : 0U;
    }
}

std::shared_ptr<Depositor::Job> Depositor::begin(DepositRequest request, TrustView trust,
                                                 DepositProgress progress) {
    std::shared_ptr<Job> job(new Job{.request = std::move(request),
                                     .trust = std::move(trust),
                                     .progress = std::move(progress),
                                     .file = {},
                                     .outgoing = {},
                                     .blob = {},
                                     .deposit = {},
                                     .moved = {},
                                     .told = 0,
                                     .away = {},
                                     .under_way = {},
                                     .changed = asio::steady_timer(world_.owner),
                                     .made = {},
                                     .encrypted = transfer::AsyncEvent(world_.owner.get_executor()),
                                     .complete = {},
                                     .completed = transfer::AsyncEvent(world_.owner.get_executor()),
                                     .kept = transfer::AsyncEvent(world_.owner.get_executor()),
                                     .growing = {},
                                     .offer = {world_.randomness.array<16>()}});
    for (Address const& recipient : job->request.recipients) {
        job->deposit.outcomes.push_back({.recipient = recipient,
                                         .ticket = {},
                                         .reason = {},
                                         .grant = {},
                                         .sealed_restore = {},
                                         .receipt = {},
                                         .route = {}});
    }
    std::size_t const recipients = job->deposit.outcomes.size();
    // What is read is about what is sent; only who waits for whom hangs on it.
    std::size_t const seats = SwarmGathering::seats_for(
        world_.carrier, job->request.source.end - job->request.source.begin, recipients);
    job->gathering =
        std::make_shared<SwarmGathering>(world_.owner, world_.carrier, job->blob, seats);
    job->running = std::max(seats, std::min(recipients_at_once, recipients));
    return job;
}

/// What went out from memory was wanted once more, and the file is another one by then: as where it
/// changes while it is encrypted, no recipient's absence is to blame.
bool Depositor::file_has_changed(Job const& job) {
    return !job.complete && job.complete.error().fault == Fault::corrupt &&
           std::ranges::none_of(job.deposit.outcomes, &mailgw::DepositOutcome::stored);
}

asio::awaitable<Result<mailgw::Deposit>> Depositor::deposit(UniqueFd file, DepositRequest request,
                                                            TrustView trust,
                                                            DepositProgress progress,
                                                            DepositSettled settled) {
    auto const errand = errand_of(file.get(), request);
    if (!errand) co_return fail(errand.error());
    auto const job = begin(std::move(request), std::move(trust), std::move(progress));
    job->errand = *errand;
    job->file = std::move(file);
    job->settled = std::move(settled);
    bool const known = co_await take_up(job);
    if (!known) {
        co_await let_ahead(job);
        asio::co_spawn(world_.owner, encrypt(job), asio::detached);
    }
    for (std::size_t i = job->running; i > 0; --i) {
        asio::co_spawn(
            world_.owner, [this, job] { return serve(job); }, asio::detached);
    }
    co_await wait_for_all(*job);
    co_await job->encrypted.wait();
    if (!job->made) co_return fail(job->made.error());
    if (!job->away.empty()) co_await keep(*job);
    co_await settle(job);
    count(*job);
    if (file_has_changed(*job)) co_return fail(job->complete.error());
    co_return std::move(job->deposit);
}

}  // namespace satchel::node
