// Escrow's walk from storage to storage.
#include <algorithm>

#include "src/node/escrow.h"

namespace satchel::node {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t visits_at_once = 4;
constexpr std::uint64_t young_wait_seconds = 30;  // while it has waited for less than an hour
constexpr std::uint64_t old_wait_seconds = 120;
constexpr std::uint64_t young_seconds = 3600;
constexpr auto idle_period = 1s;
// A gateway asks about its tickets every few seconds. One that was killed before it had noted a
// ticket never will; one that was off for longer repairs by itself.
constexpr std::uint64_t unasked_seconds_max = 3 * 24 * 3600;
// Of what has arrived at one node: the recipient's own nodes see to their copies, too.
constexpr std::uint64_t copies_patience_seconds = 5 * 24 * 3600;

}  // namespace

void Escrow::start() {
    asio::co_spawn(
        world_.owner, [this] { return watch(); }, asio::detached);
}

void Escrow::stop() {
    stopped_ = true;
    timer_.cancel();
}

/// What nobody asks about any more must not fill the disk.
asio::awaitable<void> Escrow::end_unasked() {
    auto const now = world_.clock.unix_seconds();
    std::vector<std::string> unasked;
    for (auto const& [ticket, asked] : asked_) {
        bool const arrived = !waiting_.at(ticket).waits();
        if (!arrived && now > asked + unasked_seconds_max) unasked.push_back(ticket);
    }
    if (unasked.empty()) co_return;
    world_.log.warning("escrow_unasked", {{"tickets", std::to_string(unasked.size())}});
    static_cast<void>(co_await release(std::move(unasked)));
}

asio::awaitable<void> Escrow::give_up_copies() {
    auto const now = world_.clock.unix_seconds();
    std::vector<std::string> old;
    for (auto const& [ticket, item] : waiting_) {
        if (item.waits()) continue;
        auto const first = decode_receipt(item.receipt);
        if (!first || now > first->time + copies_patience_seconds) old.push_back(ticket);
    }
    for (std::string const& ticket : old) {
        world_.log.warning("too_few_copies",
                           {{"content", waiting_.at(ticket).content_id.short_form()},
                            {"recipient", waiting_.at(ticket).recipient.text()}});
        auto give_up = [this, ticket] { return vault_->give_up_copies(ticket); };
        Status const done = co_await world_.workers.await(std::move(give_up));
        if (done) forget(ticket);
    }
}

asio::awaitable<void> Escrow::watch() {
    boost::system::error_code ignored;
    while (!stopped_) {
        auto const now = world_.clock.unix_seconds();
        for (auto& [address, recipient] : recipients_) {
            if (visits_ >= visits_at_once) break;
            if (recipient.visited || recipient.tickets.empty() || recipient.next_try > now)
                continue;
            recipient.visited = true;
            ++visits_;
            asio::co_spawn(
                world_.owner, [this, who = address] { return visit(who); }, asio::detached);
        }
        co_await end_unasked();
        co_await give_up_copies();
        timer_.expires_after(recipients_.empty() ? 60s : idle_period);
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

void Escrow::plan_next_visit(Recipient& recipient) {
    auto const now = world_.clock.unix_seconds();
    bool const young = now < recipient.since + young_seconds;
    auto const longest = young ? young_wait_seconds : old_wait_seconds;
    auto const plain = std::min<std::uint64_t>(
        longest, std::uint64_t{5} << std::min<std::uint64_t>(recipient.tries, 8));
    // A fifth either way, so that thousands don't come at once.
    auto const moved = plain - plain / 5 + world_.randomness.array<1>()[0] % (2 * (plain / 5) + 1);
    recipient.next_try = std::exchange(recipient.again, false) ? 0 : now + moved;
}

asio::awaitable<void> Escrow::visit(Address address) {
    location::ResolveOptions options;
    auto const trust = world_.trust.view({});
    Status brought = trust ? Status() : Status(fail(trust.error()));
    if (trust) {
        location::TrustFor trust_for = [&trust](Address asked) {
            return trust->inputs_for(std::move(asked));
        };
        LookupReport report =
            co_await world_.resolver.resolve(address, std::move(trust_for), options);
        brought = co_await bring_all(address, std::move(report));
    }
    --visits_;
    auto const found = recipients_.find(address);
    if (found != recipients_.end()) {
        Recipient& recipient = found->second;
        recipient.visited = false;
        ++recipient.tries;
        recipient.last_try = world_.clock.unix_seconds();
        if (!brought) recipient.reason = brought.error().what;
        if (recipient.tickets.empty()) {
            recipients_.erase(found);
        } else {
            plan_next_visit(recipient);
        }
    }
    timer_.cancel();
}

asio::awaitable<Status> Escrow::bring_all(Address address, LookupReport report) {
    if (!report.storage || !report.trusted) {
        co_return fail(Fault::unavailable, report.reason.empty() ? "no record" : report.reason);
    }
    std::vector<NodeKey> nodes;
    for (NodeReport const& node : report.nodes)
        nodes.push_back(node.node_key);
    auto const tickets = recipients_[address].tickets;
    bool news = false;
    for (std::string const& ticket : tickets) {
        auto const item = waiting_.find(ticket);
        if (item == waiting_.end()) continue;
        news = news || item->second.nodes != nodes || item->second.user_key != report.user_key;
        item->second.nodes = nodes;
        item->second.user_key = report.user_key;
    }
    if (news) {
        auto note = [this, address, nodes, key = report.user_key] {
            return vault_->note_seen(address, nodes, key);
        };
        auto noted = co_await world_.workers.await(std::move(note));
        if (!noted) co_return noted;
    }
    if (!report.available) co_return fail(Fault::unavailable, report.reason);
    Status all;
    // What is nowhere yet goes first.
    for (bool const first_copies : {true, false}) {
        for (std::string const& ticket : tickets) {
            auto const waiting = waiting_.find(ticket);
            if (stopped_ || waiting == waiting_.end()) continue;
            if (waiting->second.waits() != first_copies || waiting->second.in_hand) continue;
            auto find = [this, ticket] { return vault_->find(ticket); };
            auto item = co_await world_.workers.await(std::move(find));
            if (!item) co_return fail(item.error());
            if (!*item) continue;
            auto brought = co_await bring(std::move(**item), report);
            if (!brought && first_copies) co_return brought;
            if (!brought) all = brought;
        }
    }
    co_return all;
}

/// To one more of the recipient's nodes.
asio::awaitable<Status> Escrow::bring(EscrowItem item, LookupReport const& report) {
    auto const wanted = copies_wanted(report);
    if (!item.waits() && item.copies.size() >= wanted) {
        EscrowCopy none_more{item.receipt, item.route, item.copies.front(), wanted};
        co_return co_await note_copy(item.ticket, std::move(none_more));
    }
    auto open = [this, id = item.content_id] { return vault_->open_blob(id); };
    auto blob = co_await world_.workers.await(std::move(open));
    if (!blob) co_return fail(blob.error());
    CarryOrder order{report.storage_address, item.sender,   item.grant, item.label,     nullptr,
                     report.gateway,         report.record, item.name,  item.message_id};
    auto nodes = report.nodes;
    std::erase_if(nodes, [&](NodeReport const& node) {
        return std::ranges::find(item.copies, node.node_key) != item.copies.end();
    });
    auto const delivered =
        co_await world_.carrier.carry(std::move(*blob), std::move(order), std::move(nodes));
    if (!delivered) co_return fail(delivered.error());
    EscrowCopy copy{encode_receipt(delivered->receipt), to_string(delivered->route),
                    delivered->receipt.node, wanted};
    co_return co_await note_copy(item.ticket, std::move(copy));
}

asio::awaitable<void> Escrow::hand_over(std::string ticket, Result<EscrowCopy> arrived) {
    auto const waiting = waiting_.find(ticket);
    if (waiting == waiting_.end()) co_return;
    waiting->second.in_hand = false;
    if (arrived) {
        Status const noted = co_await note_copy(ticket, std::move(*arrived));
        if (noted) co_return;
    }
    hurry({ticket});
}

asio::awaitable<Status> Escrow::note_copy(std::string ticket, EscrowCopy copy) {
    auto settle = [this, ticket, copy] { return vault_->settle(ticket, copy); };
    auto settled = co_await world_.workers.await(std::move(settle));
    auto const waiting = waiting_.find(ticket);
    if (!settled || waiting == waiting_.end()) co_return settled;
    EscrowItem& item = waiting->second;
    if (item.waits()) item.receipt = copy.receipt;
    if (std::ranges::find(item.copies, copy.node) == item.copies.end())
        item.copies.push_back(copy.node);
    item.copies_wanted = copy.wanted;
    if (!item.needs_more()) {
        world_.log.info("escrow_done", {{"content", item.content_id.short_form()},
                                        {"copies", std::to_string(item.copies.size())}});
        forget(ticket);
    }
    co_return settled;
}

}  // namespace satchel::node
