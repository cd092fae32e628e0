#include "src/node/publisher.h"

#include <algorithm>

#include "src/core/limits.h"

namespace satchel::node {

using location::RecordPlace;

Publisher::Publisher(location::RecordKeeper& keeper, Identity const& identity,
                     PublicationList publications, PresenceSecret presence_secret,
                     AcceptPolicy accept, std::string page, Clock const& clock,
                     Randomness& randomness)
    : keeper_(keeper)
    , identity_(identity)
    , publications_(std::move(publications))
    , presence_secret_(presence_secret)
    , accept_(accept)
    , page_(std::move(page))
    , clock_(clock)
    , randomness_(randomness) {}

void Publisher::start(std::vector<Endpoint> endpoints) {
    for (Publication const& publication : publications_.all())
        keep_storage(publication);
    if (endpoints.empty()) return;
    presence_.available = true;
    presence_.control = std::move(endpoints);
    NodeKey const node = identity_.node_public();
    keeper_.keep({presence_key(node), RecordKind::presence, slot_id(node)},
                 std::chrono::seconds(limits::presence_reput_seconds),
                 [this] { return sign_presence(); });
}

std::uint64_t Publisher::next_seq() {
    last_seq_ = std::max(last_seq_ + 1, clock_.unix_milliseconds());
    return last_seq_;
}

std::vector<Publisher::Slot> Publisher::slots_of(Publication const& publication) const {
    std::vector<Slot> slots;
    if (publication.grant) {
        Binding const& binding = publication.grant->binding;
        slots.push_back({binding.domain_key, binding.slot_epoch, binding.expires,
                         publication.grant->slot_proof});
    }
    // For readers who pinned the user key.
    slots.push_back({identity_.user_public(), 0, 0, std::nullopt});
    return slots;
}

StorageRecord Publisher::record_of(Address const& address) const {
    StorageRecord record{.address = address,
                         .age_recipient = identity_.recipient(),
                         .nodes = {},
                         .accept = accept_,
                         .binding = binding_of(address),
                         .page = page_};
    record.nodes.push_back(
        {.node_key = identity_.node_public(), .priority = 0, .presence_secret = presence_secret_});
    return record;
}

Result<RecordEnvelope> Publisher::sign_storage(Address const& address, Locator const& locator,
                                               Slot const& slot, StorageRecord const& record) {
    auto const body = encode_storage_record(record);
    if (!body) return fail(body.error());
    RecordEnvelope draft;
    draft.kind = RecordKind::storage;
    draft.dht_key = locator.key;
    draft.slot_owner = slot.owner;
    draft.slot_epoch = slot.epoch;
    draft.slot_proof = slot.proof;
    draft.signer = identity_.user_key.public_key();
    draft.seq = next_seq();
    // The sequence may run ahead of the clock by some milliseconds, but never of the time of issue.
    draft.issued = std::max(clock_.unix_seconds(), (draft.seq + 999) / 1000);
    draft.expires = draft.issued + limits::storage_record_lifetime_seconds;
    if (slot.expires != 0) draft.expires = std::min(draft.expires, slot.expires);
    draft.slot_expires = slot.expires != 0 ? slot.expires : draft.expires;
    auto sealed = seal_record(draft, *body, locator.seal, identity_.user_key, randomness_);
    if (sealed) signed_[{address.text(), slot.owner}] = *sealed;
    return sealed;
}

Result<RecordEnvelope> Publisher::current_storage(Address const& address, Locator const& locator,
                                                  Slot const& slot) {
    auto const known = signed_.find({address.text(), slot.owner});
    std::uint64_t const half = limits::storage_record_lifetime_seconds / 2;
    if (known != signed_.end()) {
        std::uint64_t const now = clock_.unix_seconds();
        bool const last_word = slot.expires != 0 && known->second.expires == slot.expires;
        if (known->second.expires > now + half || (last_word && known->second.expires > now))
            return known->second;
    }
    return sign_storage(address, locator, slot, record_of(address));
}

void Publisher::keep_storage(Publication const& publication) {
    Address const address = publication.address;
    Locator const locator = locate(address);
    for (Slot const& slot : slots_of(publication)) {
        keeper_.keep(
            {locator.key, RecordKind::storage, slot_id(slot.owner)},
            std::chrono::seconds(limits::storage_reput_seconds),
            [this, address, locator, slot] { return current_storage(address, locator, slot); });
    }
}

Result<RecordEnvelope> Publisher::sign_presence() {
    auto const body = encode_presence_record(presence_);
    if (!body) return fail(body.error());
    RecordEnvelope draft;
    draft.kind = RecordKind::presence;
    NodeKey const node = identity_.node_public();
    draft.dht_key = presence_key(node);
    draft.slot_owner = node;
    draft.signer = node;
    draft.seq = next_seq();
    draft.issued = std::max(clock_.unix_seconds(), (draft.seq + 999) / 1000);
    draft.expires = draft.issued + limits::presence_ttl_seconds;
    draft.slot_expires = draft.expires;
    return seal_record(draft, *body, presence_secret_, identity_.node_key, randomness_);
}

std::optional<Binding> Publisher::binding_of(Address const& address) const {
    Publication const* const publication = publications_.find(address);
    if (publication == nullptr || !publication->grant) return std::nullopt;
    return publication->grant->binding;
}

asio::awaitable<Result<Published>> Publisher::publish(Address address,
                                                      std::optional<BindingGrant> grant) {
    std::uint64_t const now = clock_.unix_seconds();
    if (grant) {
        Binding const& binding = grant->binding;
        if (binding.address != address) {
            co_return fail(Fault::usage, "the binding is for " + binding.address.text() + ", not " +
                                             address.text());
        }
        if (binding.user_key != identity_.user_public() ||
            binding.age_recipient != identity_.recipient()) {
            co_return fail(Fault::usage,
                           "the binding is for other keys than this home's; see `satchel id`");
        }
        if (binding.expires <= now)
            co_return fail(Fault::usage, "the binding has expired; ask the admin for a new one");
    }
    if (auto saved = publications_.put({address, grant}); !saved) co_return fail(saved.error());
    for (auto it = signed_.begin(); it != signed_.end();) {
        it = it->first.first == address.text() ? signed_.erase(it) : std::next(it);
    }
    Publication const* const publication = publications_.find(address);
    keep_storage(*publication);
    Locator const locator = locate(address);
    Published published{.address = address};
    published.trust = grant ? Trust::domain : Trust::pinned;
    for (Slot const& slot : slots_of(*publication)) {
        RecordPlace const place{locator.key, RecordKind::storage, slot_id(slot.owner)};
        auto const report = co_await keeper_.put_now(place);
        if (!report && report.error().fault != Fault::unavailable) co_return fail(report.error());
        if (report) published.neighbours = std::max(published.neighbours, report->neighbours);
        RecordEnvelope const& envelope = signed_.at({address.text(), slot.owner});
        published.seq = std::max(published.seq, envelope.seq);
        published.expires = published.expires == 0 ? envelope.expires
                                                   : std::min(published.expires, envelope.expires);
    }
    co_return published;
}

asio::awaitable<Result<Published>> Publisher::unpublish(Address address) {
    Publication const* const publication = publications_.find(address);
    if (publication == nullptr)
        co_return fail(Fault::not_found, address.text() + " is not published here");
    Locator const locator = locate(address);
    auto const slots = slots_of(*publication);
    StorageRecord withdrawn = record_of(address);
    withdrawn.nodes.clear();
    Published published{.address = address};
    if (auto removed = publications_.remove(address); !removed) co_return fail(removed.error());
    for (Slot const& slot : slots) {
        auto last = sign_storage(address, locator, slot, withdrawn);
        if (!last) co_return fail(last.error());
        published.seq = last->seq;
        published.expires = last->expires;
        RecordPlace const place{locator.key, RecordKind::storage, slot_id(slot.owner)};
        RecordEnvelope const envelope = *last;
        keeper_.keep(place, std::chrono::seconds(limits::storage_reput_seconds),
                     [envelope]() -> Result<RecordEnvelope> { return envelope; });
        static_cast<void>(co_await keeper_.put_now(place));
    }
    co_return published;
}

asio::awaitable<void> Publisher::say_goodbye() {
    if (!presence_.available) co_return;
    presence_.available = false;
    presence_.control.clear();
    NodeKey const node = identity_.node_public();
    RecordPlace const place{presence_key(node), RecordKind::presence, slot_id(node)};
    static_cast<void>(co_await keeper_.put_now(place));
}

}  // namespace satchel::node
