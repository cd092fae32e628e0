#include "src/node/publisher.h"

#include <algorithm>

#include "src/core/limits.h"

namespace satchel::node {

using namespace std::chrono_literals;
using location::RecordPlace;

namespace {

constexpr auto publish_patience = 10s;  // somebody waits for the answer
constexpr auto goodbye_patience = 3s;   // a node that goes has 5 s for its last words

}  // namespace

bool overtakes(LookupReport const& found, UserKey const& own) {
    return found.revoked || (found.user_key && *found.user_key != own);
}

std::string overtaken(Address const& address) {
    return "a later word of the domain's about " + address.text() +
           " is out: it has revoked this binding, or made a newer one; `satchel enroll " +
           address.text() + "` asks for one that counts";
}

Publisher::Publisher(World world, PublicationList publications, PresenceSecret presence_secret)
    : world_(std::move(world))
    , publications_(std::move(publications))
    , presence_secret_(presence_secret) {}

void Publisher::start() {
    for (Publication const& publication : publications_.all())
        keep_storage(publication);
}

RecordPlace Publisher::presence_place() const {
    NodeKey const node = world_.identity.node_public();
    return {presence_key(node), RecordKind::presence, slot_id(node)};
}

void Publisher::be_present(PresenceRecord presence) {
    if (presence == presence_) return;
    presence_ = std::move(presence);
    world_.keeper.keep(presence_place(), std::chrono::seconds(limits::presence_reput_seconds),
                       [this] { return sign_presence(); });
}

void Publisher::use_presence_secret(PresenceSecret const& secret) {
    if (presence_secret_ == secret) return;
    presence_secret_ = secret;
    if (presence_.available) be_present(std::exchange(presence_, {}));
}

void Publisher::set_gateway(std::string const& domain, GatewayPlace place) {
    auto const known = gateways_.find(domain);
    if (known != gateways_.end() && known->second == place) return;
    gateways_[domain] = std::move(place);
    for (Publication const& publication : publications_.all()) {
        if (publication.address.domain() != domain) continue;
        forget_signed(publication.address);
        keep_storage(publication);
    }
}

void Publisher::forget_signed(Address const& address) {
    std::erase_if(signed_, [&](auto const& entry) { return entry.first.first == address.text(); });
}

std::uint64_t Publisher::next_seq() {
    last_seq_ = std::max(last_seq_ + 1, world_.clock.unix_milliseconds());
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
    slots.push_back({world_.identity.user_public(), 0, 0, std::nullopt});
    return slots;
}

StorageRecord Publisher::record_of(Address const& address) const {
    StorageRecord record{.address = address,
                         .age_recipient = world_.identity.recipient(),
                         .nodes = {},
                         .accept = world_.accept,
                         .binding = binding_of(address),
                         .page = world_.page};
    if (auto const gateway = gateways_.find(address.domain()); gateway != gateways_.end())
        record.gateway = gateway->second;
    Publication const* const publication = publications_.find(address);
    if (publication != nullptr) record.nodes = publication->nodes;
    NodeKey const own = world_.identity.node_public();
    if (record.nodes.empty())
        record.nodes.push_back({.node_key = own, .priority = 0, .presence_secret = {}});
    for (StorageNode& node : record.nodes)
        if (node.node_key == own) node.presence_secret = presence_secret_;
    return record;
}

/// A node has one presence, and so one secret, whatever addresses it stores for.
std::vector<StorageNode> Publisher::with_secrets(std::vector<NamedNode> const& named) const {
    std::vector<StorageNode> nodes;
    for (NamedNode const& one : named) {
        StorageNode node{one.key, one.priority, world_.randomness.array<32>()};
        for (Publication const& publication : publications_.all())
            for (StorageNode const& known : publication.nodes)
                if (known.node_key == one.key) node.presence_secret = known.presence_secret;
        if (auto const seen = secrets_.find(one.key); seen != secrets_.end())
            node.presence_secret = seen->second;
        nodes.push_back(node);
    }
    return nodes;
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
    draft.signer = world_.identity.user_key.public_key();
    draft.seq = next_seq();
    // The sequence may run ahead of the clock by some milliseconds, but never of the time of issue.
    draft.issued = std::max(world_.clock.unix_seconds(), (draft.seq + 999) / 1000);
    draft.expires = draft.issued + limits::storage_record_lifetime_seconds;
    if (slot.expires != 0) draft.expires = std::min(draft.expires, slot.expires);
    draft.slot_expires = slot.expires != 0 ? slot.expires : draft.expires;
    auto sealed =
        seal_record(draft, *body, locator.seal, world_.identity.user_key, world_.randomness);
    if (sealed) {
        signed_[{address.text(), slot.owner}] = *sealed;
        if (tell_) tell_(address, *sealed);
    }
    return sealed;
}

Result<RecordEnvelope> Publisher::current_storage(Address const& address, Locator const& locator,
                                                  Slot const& slot) {
    auto const known = signed_.find({address.text(), slot.owner});
    std::uint64_t const half = limits::storage_record_lifetime_seconds / 2;
    if (known != signed_.end()) {
        std::uint64_t const now = world_.clock.unix_seconds();
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
        world_.keeper.keep(
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
    NodeKey const node = world_.identity.node_public();
    draft.dht_key = presence_key(node);
    draft.slot_owner = node;
    draft.signer = node;
    draft.seq = next_seq();
    draft.issued = std::max(world_.clock.unix_seconds(), (draft.seq + 999) / 1000);
    draft.expires = draft.issued + limits::presence_ttl_seconds;
    draft.slot_expires = draft.expires;
    auto sealed =
        seal_record(draft, *body, presence_secret_, world_.identity.node_key, world_.randomness);
    if (!sealed || !tell_) return sealed;
    for (Publication const& publication : publications_.all())
        tell_(publication.address, *sealed);
    return sealed;
}

std::optional<Binding> Publisher::binding_of(Address const& address) const {
    Publication const* const publication = publications_.find(address);
    if (publication == nullptr || !publication->grant) return std::nullopt;
    return publication->grant->binding;
}

Status Publisher::check_grant(Address const& address, BindingGrant const& grant) const {
    Binding const& binding = grant.binding;
    if (binding.address != address) {
        return fail(Fault::usage,
                    "the binding is for " + binding.address.text() + ", not " + address.text());
    }
    if (binding.user_key != world_.identity.user_public() ||
        binding.age_recipient != world_.identity.recipient()) {
        return fail(Fault::usage,
                    "the binding is for other keys than this home's; see `satchel id`");
    }
    if (binding.expires <= world_.clock.unix_seconds())
        return fail(Fault::usage, "the binding has expired; ask the admin for a new one");
    return {};
}

/// The publication that says what another device's record says.
Publication Publisher::as_published(Publication const& before,
                                    location::StorageFinding const& newest) const {
    Publication after = before;
    after.nodes = newest.record->nodes;
    auto const& binding = newest.record->binding;
    auto const& proof = newest.envelope.slot_proof;
    bool const newer =
        binding && proof &&
        (!after.grant || after.grant->binding.slot_epoch < newest.envelope.slot_epoch);
    if (newer && check_grant(before.address, {*binding, *proof}))
        after.grant = BindingGrant{*binding, *proof};
    return after;
}

void Publisher::learn_secret(NodeKey const& node, PresenceSecret const& secret) {
    secrets_[node] = secret;
}

bool Publisher::follow(Address const& address, location::StorageFinding const& newest) {
    bool const stores = newest.state == location::StorageFinding::State::stores;
    if (!stores || newest.envelope.signer != world_.identity.user_public()) return false;
    auto const known = signed_.find({address.text(), newest.envelope.slot_owner});
    if (known != signed_.end() && known->second.seq >= newest.envelope.seq) return false;
    for (StorageNode const& node : newest.record->nodes) {
        if (node.node_key == world_.identity.node_public())
            use_presence_secret(node.presence_secret);
        else
            learn_secret(node.node_key, node.presence_secret);
    }
    Publication const* const before = publications_.find(address);
    if (before == nullptr) return false;
    bool const same_nodes = newest.record->nodes == record_of(address).nodes;
    // What this home's settings say may have changed since it signed that.
    if (known == signed_.end() && same_nodes) return false;
    if (!same_nodes) {
        if (!publications_.put(as_published(*before, newest))) return false;
        forget_signed(address);
    }
    signed_[{address.text(), newest.envelope.slot_owner}] = newest.envelope;
    last_seq_ = std::max(last_seq_, newest.envelope.seq);
    keep_storage(*publications_.find(address));
    return !same_nodes;
}

asio::awaitable<Result<Published>> Publisher::publish(PublishOrder order) {
    Address const address = order.address;
    Publication wanted{.address = address, .grant = std::move(order.grant), .nodes = {}};
    if (wanted.grant) {
        if (auto fits = check_grant(address, *wanted.grant); !fits) co_return fail(fits.error());
    }
    if (order.nodes.size() > limits::storage_nodes)
        co_return fail(Fault::usage, "a record names at most 3 storage nodes");
    wanted.nodes = with_secrets(order.nodes);
    if (Publication const* const before = publications_.find(address)) {
        bool const still_good = before->grant && check_grant(address, *before->grant);
        if (!wanted.grant && still_good) wanted.grant = before->grant;
        if (wanted.nodes.empty()) wanted.nodes = before->nodes;
    }
    auto const grant = wanted.grant;
    if (auto saved = publications_.put(std::move(wanted)); !saved) co_return fail(saved.error());
    forget_signed(address);
    Publication const* const publication = publications_.find(address);
    keep_storage(*publication);
    Locator const locator = locate(address);
    Published published{.address = address};
    published.trust = grant ? Trust::domain : Trust::pinned;
    for (Slot const& slot : slots_of(*publication)) {
        RecordPlace const place{locator.key, RecordKind::storage, slot_id(slot.owner)};
        auto const report = co_await world_.keeper.put_now(place, publish_patience);
        if (!report && report.error().fault == Fault::refused)
            co_return fail(Fault::refused, overtaken(address));
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
        world_.keeper.keep(place, std::chrono::seconds(limits::storage_reput_seconds),
                           [envelope]() -> Result<RecordEnvelope> { return envelope; });
        static_cast<void>(co_await world_.keeper.put_now(place, publish_patience));
    }
    co_return published;
}

asio::awaitable<void> Publisher::say_goodbye() {
    if (!presence_.available) co_return;
    presence_ = PresenceRecord{.pull_only = presence_.pull_only};
    static_cast<void>(co_await world_.keeper.put_now(presence_place(), goodbye_patience));
}

}  // namespace satchel::node
