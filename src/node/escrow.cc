#include "src/node/escrow.h"

#include <algorithm>

#include "src/base/hex.h"
#include "src/core/locator.h"

namespace satchel::node {

namespace {

constexpr std::uint64_t first_wait_seconds = 5;
constexpr std::size_t copy_bytes = 1024 * 1024;
constexpr std::size_t offers_at_once = 64;

/// The blob into the store, held for the first recipient, then for the others.
Status store_blob(transfer::BlobStore& store, CarriedBlob const& blob,
                  std::vector<EscrowItem> const& items, std::uint64_t now) {
    auto const holding_of = [&](EscrowItem const& item) {
        transfer::Holding holding;
        holding.recipient = address_tag(item.recipient);
        holding.offer.bytes = {};
        holding.stored = now;
        return holding;
    };
    auto upload = store.receive(blob.content_id, blob.bytes, "");
    if (!upload) return fail(upload.error());
    if (!blob.layer.empty()) {
        if (auto set = (*upload)->set_layer(blob.layer); !set) return set;
    }
    Bytes buffer(copy_bytes);
    for (std::uint64_t at = 0; at < blob.bytes;) {
        auto const got = read_at(blob.file->get(), buffer, at);
        if (!got) return fail(got.error());
        if (*got == 0) return fail(Fault::io, "the blob's file is shorter than it was");
        if (auto done = (*upload)->write(ByteSpan(buffer).first(*got)); !done) return done;
        at += *got;
    }
    if (auto done = (*upload)->finish(holding_of(items.front())); !done) return done;
    for (std::size_t i = 1; i < items.size(); ++i)
        if (auto done = store.hold(blob.content_id, holding_of(items[i])); !done) return done;
    return {};
}

}  // namespace

Result<std::unique_ptr<Escrow>> Escrow::open(std::filesystem::path const& folder,
                                             std::uint64_t quota_bytes, World world) {
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed) return fail(Fault::config, folder.string() + ": " + failed.message());
    transfer::DiskStoreOptions options;
    options.folder = folder;
    options.quota = {quota_bytes, quota_bytes};
    auto store = transfer::DiskBlobStore::open(std::move(options), world.clock);
    if (!store) return fail(store.error());
    auto index = EscrowIndex::open(folder / "escrow.sqlite");
    if (!index) return fail(index.error());
    auto const waiting = index->waiting();
    if (!waiting) return fail(waiting.error());
    std::unique_ptr<Escrow> escrow(new Escrow(std::move(*store), std::move(*index), world));
    for (EscrowItem const& item : *waiting) {
        auto const held = escrow->store_->find(item.content_id);
        if (!held) return fail(held.error());
        if (*held) {
            escrow->take_in(item);
            continue;
        }
        // Whoever has the ticket hears that it is unknown, and repairs.
        world.log.error("escrow_lost", {{"content", item.content_id.short_form()}});
        if (auto gone = escrow->index_.remove(item.ticket); !gone) return fail(gone.error());
    }
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
}

asio::awaitable<Result<std::vector<EscrowItem>>> Escrow::keep(CarriedBlob blob,
                                                              std::vector<EscrowItem> items) {
    for (EscrowItem& item : items) {
        item.ticket = to_hex(world_.randomness.array<16>());
        item.content_id = blob.content_id;
        item.blob_bytes = blob.bytes;
    }
    auto store = [this, blob, items, now = world_.clock.unix_seconds()]() -> Status {
        if (auto stored = store_blob(*store_, blob, items, now); !stored) return stored;
        return index_.add(items);
    };
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
        if (waiting != waiting_.end()) {
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
        auto find = [this, ticket = tickets[i]] { return index_.find(ticket); };
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
        if (item != waiting_.end()) hurry_recipient(item->second.recipient);
    }
}

asio::awaitable<Status> Escrow::release(std::vector<std::string> tickets) {
    for (std::string const& ticket : tickets) {
        auto let_go = [this, ticket]() -> Status {
            auto const item = index_.find(ticket);
            if (!item) return fail(item.error());
            if (!*item) return {};
            auto const gone = store_->release((*item)->content_id, address_tag((*item)->recipient));
            if (!gone) return fail(gone.error());
            return index_.remove(ticket);
        };
        auto released = co_await world_.workers.await(std::move(let_go));
        if (!released) co_return released;
        forget(ticket);
    }
    co_return Status();
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

bool Escrow::may_have(transfer::Caller const& caller, EscrowItem const& item) const {
    bool const as_device = caller.device && item.user_key && *caller.device == *item.user_key;
    return as_device ||
           std::find(item.nodes.begin(), item.nodes.end(), caller.node) != item.nodes.end();
}

asio::awaitable<std::vector<Offer>> Escrow::waiting_for(transfer::Caller caller) {
    std::vector<std::string> tickets;
    for (auto const& [ticket, item] : waiting_) {
        if (!may_have(caller, item)) continue;
        hurry_recipient(item.recipient);
        if (tickets.size() < offers_at_once) tickets.push_back(ticket);
    }
    std::vector<Offer> offers;
    for (std::string const& ticket : tickets) {
        auto find = [this, ticket] { return index_.find(ticket); };
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
        auto const held = store_->find(id);
        if (!held) return fail(held.error());
        if (!*held) return fail(Fault::not_found, "nothing here");
        auto file = store_->open(id);
        if (!file) return fail(file.error());
        auto layer = store_->layer(id);
        if (!layer) return fail(layer.error());
        return transfer::OutgoingContent{std::move(*file), (*held)->size, std::move(*layer)};
    };
    co_return co_await world_.workers.await(std::move(open));
}

}  // namespace satchel::node
