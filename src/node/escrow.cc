#include "src/node/escrow.h"

#include <algorithm>

#include "src/base/hex.h"

namespace satchel::node {

namespace {

constexpr std::uint64_t first_wait_seconds = 5;
constexpr std::size_t offers_at_once = 64;
constexpr std::uint64_t presence_news = 15;  // seconds: sooner it says nothing new

}  // namespace

Result<std::unique_ptr<Escrow>> Escrow::open(std::filesystem::path const& folder,
                                             std::uint64_t quota_bytes, World world) {
    auto vault = EscrowVault::open(folder, quota_bytes, world.clock);
    if (!vault) return fail(vault.error());
    // Whoever has such a ticket hears that it is unknown, and repairs.
    for (std::string const& ticket : (*vault)->lost())
        world.log.error("escrow_lost", {{"ticket", ticket.substr(0, 8)}});
    auto const waiting = (*vault)->waiting();
    if (!waiting) return fail(waiting.error());
    std::unique_ptr<Escrow> escrow(new Escrow(std::move(*vault), world));
    for (EscrowItem const& item : *waiting)
        escrow->take_in(item);
    return escrow;
}

void Escrow::take_in(EscrowItem const& item) {
    Recipient& recipient = recipients_[item.recipient];
    auto const now = world_.clock.unix_seconds();
    if (recipient.tickets.empty()) {
        recipient.since = now;
        recipient.next_try = now + first_wait_seconds;
    }
    recipient.tickets.insert(item.ticket);
    if (item.in_hand) recipient.reason = "on its way";
    asked_[item.ticket] = now;
    EscrowItem light = item;
    light.grant.clear();
    light.label.clear();
    waiting_.insert_or_assign(item.ticket, std::move(light));
}

void Escrow::forget(std::string const& ticket) {
    auto const item = waiting_.find(ticket);
    if (item == waiting_.end()) return;
    auto const recipient = recipients_.find(item->second.recipient);
    if (recipient != recipients_.end()) {
        recipient->second.tickets.erase(ticket);
        bool const over = recipient->second.tickets.empty() && !recipient->second.visited;
        if (over) recipients_.erase(recipient);
    }
    waiting_.erase(item);
    asked_.erase(ticket);
}

asio::awaitable<Result<std::vector<EscrowItem>>> Escrow::keep(CarriedBlob blob,
                                                              std::vector<EscrowItem> items) {
    for (EscrowItem& item : items) {
        item.ticket = to_hex(world_.randomness.array<16>());
        item.content_id = blob.content_id;
        item.blob_bytes = blob.bytes;
    }
    auto store = [this, blob, items] { return vault_->keep(blob, items); };
    auto const stored = co_await world_.workers.await(std::move(store));
    if (!stored) co_return fail(stored.error());
    for (EscrowItem const& item : items) {
        take_in(item);
        world_.log.info("escrow_kept", {{"content", item.content_id.short_form()},
                                        {"bytes", std::to_string(item.blob_bytes)},
                                        {"recipient", item.recipient.text()}});
    }
    timer_.cancel();
    co_return items;
}

asio::awaitable<Result<std::vector<mailgw::EscrowReport>>> Escrow::look(
    std::vector<std::string> tickets) {
    std::vector<mailgw::EscrowReport> reports(tickets.size());
    for (std::size_t i = 0; i < tickets.size(); ++i) {
        auto const waiting = waiting_.find(tickets[i]);
        if (waiting != waiting_.end() && waiting->second.waits()) {
            asked_[tickets[i]] = world_.clock.unix_seconds();
            Recipient const& recipient = recipients_[waiting->second.recipient];
            reports[i] = {.state = mailgw::EscrowState::waiting,
                          .bytes = waiting->second.blob_bytes,
                          .receipt = {},
                          .route = {},
                          .reason = recipient.reason,
                          .tries = recipient.tries,
                          .next_try = recipient.next_try};
            continue;
        }
        auto find = [this, ticket = tickets[i]] { return vault_->find(ticket); };
        auto item = co_await world_.workers.await(std::move(find));
        if (!item) co_return fail(item.error());
        if (!*item) continue;
        reports[i].state =
            (*item)->waits() ? mailgw::EscrowState::waiting : mailgw::EscrowState::delivered;
        reports[i].receipt = std::move((*item)->receipt);
        reports[i].route = std::move((*item)->route);
    }
    co_return reports;
}

void Escrow::hurry_recipient(Address const& address) {
    auto const found = recipients_.find(address);
    if (found == recipients_.end()) return;
    found->second.next_try = 0;
    found->second.again = found->second.visited;
    timer_.cancel();
}

void Escrow::hurry(std::vector<std::string> const& tickets) {
    for (std::string const& ticket : tickets) {
        auto const item = waiting_.find(ticket);
        if (item == waiting_.end()) continue;
        item->second.in_hand = false;
        hurry_recipient(item->second.recipient);
    }
}

asio::awaitable<Status> Escrow::release(std::vector<std::string> tickets) {
    for (std::string const& ticket : tickets) {
        auto let_go = [this, ticket] { return vault_->release(ticket); };
        auto released = co_await world_.workers.await(std::move(let_go));
        if (!released) co_return released;
        auto const item = waiting_.find(ticket);
        bool const lacks_copies = item != waiting_.end() && !item->second.waits();
        if (lacks_copies) continue;  // its storage has it, too few of its nodes do
        forget(ticket);
    }
    co_return Status();
}

std::vector<Escrow::Waiting> Escrow::waiting() const {
    std::vector<Waiting> all;
    for (auto const& [address, recipient] : recipients_) {
        Waiting one{address,        0, 0, recipient.reason, recipient.tries, recipient.next_try,
                    recipient.since};
        for (std::string const& ticket : recipient.tickets) {
            auto const item = waiting_.find(ticket);
            if (item == waiting_.end()) continue;
            ++one.blobs;
            one.bytes += item->second.blob_bytes;
        }
        if (one.blobs > 0) all.push_back(std::move(one));
    }
    return all;
}

std::size_t Escrow::waiting_tickets() const {
    return waiting_.size();
}

std::uint64_t Escrow::waiting_bytes() const {
    std::uint64_t bytes = 0;
    for (auto const& [ticket, item] : waiting_)
        bytes += item.blob_bytes;
    return bytes;
}

Escrow::Census Escrow::census() const {
    Census census;
    census.bytes = waiting_bytes();
    for (auto const& [ticket, item] : waiting_)
        ++(item.waits() ? census.waiting : census.lacks_copies);
    for (auto const& [address, recipient] : recipients_) {
        if (recipient.tickets.empty()) continue;
        ++census.recipients;
        bool const first = census.oldest == 0 || recipient.since < census.oldest;
        if (first) census.oldest = recipient.since;
    }
    return census;
}

bool Escrow::may_have(transfer::Caller const& caller, EscrowItem const& item) const {
    bool const as_device = caller.device && item.user_key && *caller.device == *item.user_key;
    return as_device ||
           std::find(item.nodes.begin(), item.nodes.end(), caller.node) != item.nodes.end();
}

void Escrow::note_presence(transfer::Caller const& caller) {
    for (auto const& [ticket, item] : waiting_) {
        if (!may_have(caller, item)) continue;
        auto const recipient = recipients_.find(item.recipient);
        // One that holds its line for hours must not make us look again and again.
        bool const lately =
            recipient != recipients_.end() && recipient->second.tries > 0 &&
            world_.clock.unix_seconds() < recipient->second.last_try + presence_news;
        if (!lately) hurry_recipient(item.recipient);
    }
}

asio::awaitable<std::vector<Offer>> Escrow::waiting_for(transfer::Caller caller,
                                                        std::optional<ContentId> id) {
    std::vector<std::string> tickets;
    for (auto& [ticket, item] : waiting_) {
        if (!may_have(caller, item)) continue;
        item.in_hand = false;  // it has just come up: whoever was bringing it has lost it
        hurry_recipient(item.recipient);
        bool const asked_for = !id || item.content_id == *id;
        if (asked_for && tickets.size() < offers_at_once) tickets.push_back(ticket);
    }
    std::vector<Offer> offers;
    for (std::string const& ticket : tickets) {
        auto find = [this, ticket] { return vault_->find(ticket); };
        auto const found = co_await world_.workers.await(std::move(find));
        if (!found || !*found) continue;
        EscrowItem const& item = **found;
        CarriedBlob const blob{item.content_id, item.blob_bytes, {}, nullptr};
        CarryOrder const order{item.recipient, item.sender, item.grant, item.label, nullptr};
        offers.push_back(world_.carrier.make_offer(blob, order, caller.node));
    }
    co_return offers;
}

asio::awaitable<Result<transfer::OutgoingContent>> Escrow::open_for(transfer::Caller caller,
                                                                    ContentId id) {
    bool const allowed = std::any_of(waiting_.begin(), waiting_.end(), [&](auto const& entry) {
        return entry.second.content_id == id && may_have(caller, entry.second);
    });
    if (!allowed) co_return fail(Fault::not_found, "nothing here");
    auto open = [this, id]() -> Result<transfer::OutgoingContent> {
        auto blob = vault_->open_blob(id);
        if (!blob) return fail(blob.error());
        return transfer::OutgoingContent{std::move(*blob->file), blob->bytes,
                                         std::move(blob->layer)};
    };
    co_return co_await world_.workers.await(std::move(open));
}

}  // namespace satchel::node
