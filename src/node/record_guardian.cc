#include "src/node/record_guardian.h"

#include <algorithm>

#include "dht/record_filter.h"
#include "dht/record_policy.h"
#include "src/core/limits.h"

namespace satchel::node {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kept_per_address = 8;  // two slots and three nodes, and some that go
constexpr std::size_t at_once_max = 4;         // each costs an Argon2id
constexpr auto look_period = 60s;
constexpr auto revoke_patience = 10s;  // somebody waits for the answer
constexpr auto pace = 20ms;            // between records, so that a restart is no flood

std::chrono::seconds period_of(RecordKind kind) {
    return std::chrono::seconds(kind == RecordKind::storage ? limits::storage_reput_seconds
                                                            : limits::presence_reput_seconds);
}

}  // namespace

Result<std::unique_ptr<RecordGuardian>> RecordGuardian::open(World world) {
    auto records = KeptRecords::open(world.home.kept_records_file());
    if (!records) return fail(records.error());
    auto book = BindingBook::open(world.home.bindings_file());
    if (!book) return fail(book.error());
    return std::unique_ptr<RecordGuardian>(
        new RecordGuardian(world, std::move(*records), std::move(*book)));
}

void RecordGuardian::start() {
    asio::co_spawn(
        world_.owner, [this] { return watch(); }, asio::detached);
}

void RecordGuardian::stop() {
    stopped_ = true;
    timer_.cancel();
}

asio::awaitable<void> RecordGuardian::watch() {
    boost::system::error_code ignored;
    while (!stopped_) {
        auto const looked = co_await watch_once();
        if (!looked) world_.log.error("records_unreadable", {{"reason", looked.error().what}});
        if (stopped_) break;
        timer_.expires_after(look_period);
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

/// Forgets what has expired, and takes up what is new in the files.
asio::awaitable<Status> RecordGuardian::watch_once() {
    auto const now = world_.clock.unix_seconds();
    std::erase_if(alive_, [&](auto const& entry) {
        if (entry.second > now) return false;
        world_.keeper.forget(entry.first);
        return true;
    });
    auto read = [this, now]() -> Result<std::vector<KeptRecord>> {
        if (auto dropped = records_.drop_expired(now); !dropped) return fail(dropped.error());
        return records_.all();
    };
    auto const kept = co_await world_.workers.await(std::move(read));
    if (!kept) co_return fail(kept.error());
    boost::system::error_code ignored;
    for (KeptRecord const& one : *kept) {
        if (stopped_) co_return Status();
        if (alive_.contains(location::place_of(one.record))) continue;
        keep_alive(one.record);
        timer_.expires_after(pace);
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    auto look = [this, now]() -> Result<std::vector<std::shared_ptr<Revoked>>> {
        std::lock_guard const lock(book_guard_);
        auto const revocations = book_.revocations(now);
        if (!revocations) return fail(revocations.error());
        std::vector<std::shared_ptr<Revoked>> prepared;
        for (Revocation const& revocation : *revocations)
            if (auto one = prepare(revocation)) prepared.push_back(std::move(one));
        return prepared;
    };
    auto const revoked = co_await world_.workers.await(std::move(look));
    if (!revoked) co_return fail(revoked.error());
    std::erase_if(revoked_, [&](auto const& entry) {
        bool const stands = std::ranges::any_of(*revoked, [&](auto const& one) {
            return one->revocation.address == entry.second->revocation.address;
        });
        if (!stands) world_.keeper.forget(entry.first);
        return !stands;
    });
    for (auto const& one : *revoked)
        keep_revoked(one);
    co_return Status();
}

bool RecordGuardian::keeps_presence_of(NodeKey const& node) const {
    auto const kept = alive_.find({presence_key(node), RecordKind::presence, slot_id(node)});
    return kept != alive_.end() && kept->second > world_.clock.unix_seconds();
}

void RecordGuardian::keep_alive(RecordEnvelope record) {
    auto const place = location::place_of(record);
    alive_[place] = record.expires;
    auto const period = period_of(record.kind);
    world_.keeper.keep(place, period,
                       [record = std::move(record)]() -> Result<RecordEnvelope> { return record; });
}

std::shared_ptr<RecordGuardian::Revoked> RecordGuardian::prepare(
    Revocation const& revocation) const {
    auto key = load_domain_key(revocation.address.domain(), world_.home.root());
    if (!key) return nullptr;
    return std::shared_ptr<Revoked>(
        new Revoked{revocation, std::move(*key), locate(revocation.address).key});
}

Result<RecordEnvelope> RecordGuardian::sign(Revoked& revoked) const {
    auto const now = world_.clock.unix_seconds();
    auto const& until = revoked.revocation.until;
    std::uint64_t const half = limits::storage_record_lifetime_seconds / 2;
    if (revoked.last && (revoked.last->expires > now + half || revoked.last->expires == until))
        return *revoked.last;
    RevocationTimes times;
    times.epoch = revoked.revocation.epoch;
    times.seq = now * 1000;
    times.issued = now;
    times.slot_expires = until;
    times.expires = std::min(until, now + limits::storage_record_lifetime_seconds);
    revoked.last = sign_revocation(revoked.key, revoked.place, times);
    return *revoked.last;
}

void RecordGuardian::keep_revoked(std::shared_ptr<Revoked> const& revoked) {
    location::RecordPlace const place{revoked->place, RecordKind::storage,
                                      slot_id(revoked->key.public_key())};
    auto const known = revoked_.find(place);
    if (known != revoked_.end() && known->second->revocation.epoch == revoked->revocation.epoch)
        return;
    alive_.erase(place);
    revoked_[place] = revoked;
    world_.keeper.keep(place, period_of(RecordKind::storage),
                       [this, revoked] { return sign(*revoked); });
}

asio::awaitable<Result<RecordGuardian::Withdrawal>> RecordGuardian::revoke(Address address) {
    auto write = [this, address]() -> Result<std::shared_ptr<Revoked>> {
        if (auto const key = load_domain_key(address.domain(), world_.home.root()); !key)
            return fail(key.error());
        std::lock_guard const lock(book_guard_);
        auto const revocation = book_.revoke(address, world_.clock.unix_seconds());
        if (!revocation) return fail(revocation.error());
        return prepare(*revocation);
    };
    auto revoked = co_await world_.workers.await(std::move(write));
    if (!revoked) co_return fail(revoked.error());
    if (!*revoked) co_return fail(Fault::io, "the domain key has gone");
    Revocation const revocation = (*revoked)->revocation;
    location::RecordPlace const place{(*revoked)->place, RecordKind::storage,
                                      slot_id((*revoked)->key.public_key())};
    keep_revoked(*revoked);
    auto const put = co_await world_.keeper.put_now(place, revoke_patience);
    // Whoever has left the DHT in silence is waited for in vain; the keeper does not tire.
    if (!put && !worth_retrying(put.error().fault)) co_return fail(put.error());
    co_return Withdrawal{revocation, put.has_value()};
}

asio::awaitable<bool> RecordGuardian::speaks_for(std::string domain) {
    auto own_key = [this, domain] {
        return load_domain_key(domain, world_.home.root()).has_value();
    };
    if (co_await world_.workers.await(std::move(own_key))) co_return true;
    auto const view = world_.trust.view({});
    if (!view) co_return false;
    auto const trust = co_await view->domain_facts(std::move(domain));
    co_return std::ranges::any_of(trust.gateway_keys, [&](PublicKey const& key) {
        return key == world_.identity.node_public();
    });
}

/// Is it a record of that address, as the domain has bound it?
asio::awaitable<Status> RecordGuardian::judge(transfer::Caller caller, Address address,
                                              RecordEnvelope record) {
    auto const view = world_.trust.view({});
    if (!view) co_return fail(view.error());
    auto inputs = co_await view->inputs_for(address);
    auto const now = world_.clock.unix_seconds();
    bool const signer_calls =
        (caller.device && *caller.device == record.signer) || caller.node == record.signer;
    if (!signer_calls) co_return fail(Fault::refused, "records are taken from their signer alone");
    auto look = [this, address, record, inputs = std::move(inputs), now]() mutable -> Status {
        Locator const locator = locate(address);
        auto const place = location::place_of(record);
        if (auto valid = check_record(record, place.key, now); !valid) return valid;
        // What the domain's slot says decides on the others.
        std::optional<location::StorageFinding> bound;
        for (DomainKey const& key : inputs.domain_keys) {
            auto const held = records_.find({locator.key, RecordKind::storage, slot_id(key)});
            if (!held) return fail(held.error());
            if (!*held) continue;
            auto finding =
                location::believe_storage((*held)->record, locator.seal, address, inputs, now);
            if (finding) bound = std::move(*finding);
        }
        if (record.kind == RecordKind::presence) {
            bool const named =
                bound && bound->record &&
                std::ranges::any_of(bound->record->nodes, [&](StorageNode const& node) {
                    return node.node_key == record.signer;
                });
            return named ? Status()
                         : Status(fail(Fault::refused, "not a node of a record kept here"));
        }
        if (record.self_owned()) {
            bool const same_user = bound && bound->envelope.signer == record.signer;
            if (record.dht_key == locator.key && same_user) return {};
            return fail(Fault::refused, "not of a user whose bound record is kept here");
        }
        auto const finding = location::believe_storage(record, locator.seal, address, inputs, now);
        return finding ? Status() : Status(fail(finding.error()));
    };
    co_return co_await world_.workers.await(std::move(look));
}

asio::awaitable<Status> RecordGuardian::take(transfer::Caller caller,
                                             transfer::RecordsToKeep offered) {
    bool const ours = co_await speaks_for(offered.address.domain());
    if (!ours) co_return fail(Fault::not_found, "this gateway keeps no records of that domain");
    if (under_way_ >= at_once_max) co_return fail(Fault::unavailable, "busy; try again");
    ++under_way_;
    Status taken;
    for (RecordEnvelope& record : offered.records) {
        taken = co_await judge(caller, offered.address, record);
        if (!taken) break;
        auto keep = [this, kept = KeptRecord{offered.address, record}]() -> Status {
            auto dropped = records_.drop_expired(world_.clock.unix_seconds());
            if (!dropped) return dropped;
            auto const count = records_.count_of(kept.address);
            if (!count) return fail(count.error());
            if (*count > kept_per_address)
                return fail(Fault::no_space, "too many records of one address");
            return records_.put(kept);
        };
        taken = co_await world_.workers.await(std::move(keep));
        bool const old_news = !taken && taken.error().fault == Fault::refused;
        if (old_news) taken = Status();
        if (!taken) break;
        if (!old_news) keep_alive(std::move(record));
    }
    --under_way_;
    if (taken) {
        world_.log.info("records_kept", {{"address", offered.address.text()},
                                         {"records", std::to_string(offered.records.size())}});
    }
    co_return taken;
}

}  // namespace satchel::node
