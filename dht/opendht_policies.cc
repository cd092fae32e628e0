// What this node stores for others: record_policy, put into OpenDHT's type table.
#include <utility>

#include "dht/notice_quota.h"
#include "dht/opendht_node.h"
#include "dht/record_policy.h"

namespace satchel::location {
namespace {

using ::dht::InfoHash;
using ::dht::SockAddr;
using ::dht::ValueType;
using ValuePtr = std::shared_ptr<::dht::Value>;

thread_local bool unnamed_refused = false;

bool refuse_store(InfoHash, ValuePtr&, InfoHash const&, SockAddr const&) {
    return false;
}

bool refuse_edit(InfoHash, ValuePtr const&, ValuePtr&, InfoHash const&, SockAddr const&) {
    return false;
}

/// Whom the share of one source is counted for: an IPv4 address, or the network of an IPv6 one,
/// within which addresses cost nothing. Empty for one that is exempt.
std::string source_of(SockAddr const& from, bool counts_loopback) {
    auto const peer = to_endpoint(from);
    if (!peer || (peer->is_loopback() && !counts_loopback)) return {};
    if (from.getFamily() == AF_INET) return peer->ip;
    auto const address = asio::ip::make_address_v6(peer->ip).to_bytes();
    return {address.begin(), address.begin() + 8};
}

ValueType notice_type(Clock const& clock, bool counts_loopback) {
    auto const quota = std::make_shared<NoticeQuota>();
    auto const store = [&clock, quota, counts_loopback](InfoHash key, ValuePtr& value,
                                                        InfoHash const&, SockAddr const& from) {
        auto const place = opendht_place(key, *value);
        auto const now = clock.unix_seconds();
        if (!place || !is_plain(*value)) return false;
        auto const notice = admit_record(*place, value->data, now);
        return notice &&
               quota->take(place->key, source_of(from, counts_loopback), notice->expires, now);
    };
    auto const keeps = std::chrono::seconds(storing_seconds(RecordKind::pull_notice));
    return {value_type(RecordKind::pull_notice), "satchel", keeps, store, refuse_edit};
}

ValueType our_type(RecordKind kind, Clock const& clock) {
    auto const store = [&clock](InfoHash key, ValuePtr& value, InfoHash const&, SockAddr const&) {
        auto const place = opendht_place(key, *value);
        return place && is_plain(*value) &&
               admit_record(*place, value->data, clock.unix_seconds()).has_value();
    };
    // OpenDHT picks the policy by the held value's type and lets the new one have another.
    auto const edit = [&clock](InfoHash key, ValuePtr const& held, ValuePtr& value, InfoHash const&,
                               SockAddr const&) {
        auto const place = opendht_place(key, *value);
        return place && held->type == value->type && is_plain(*value) &&
               admit_edit(*place, held->data, value->data, clock.unix_seconds()).has_value();
    };
    auto const keeps = std::chrono::seconds(storing_seconds(kind));
    return {value_type(kind), "satchel", keeps, store, edit};
}

/// False where OpenDHT was linked so that it keeps to its own DEFAULT_STORE_POLICY.
bool unnamed_can_be_refused() {
    UnnamedTypesRefused const now;
    auto value = std::make_shared<::dht::Value>();
    return !ValueType::USER_DATA.storePolicy({}, value, {}, {});
}

}  // namespace

UnnamedTypesRefused::UnnamedTypesRefused()
    : before_(std::exchange(unnamed_refused, true)) {}

UnnamedTypesRefused::~UnnamedTypesRefused() {
    unnamed_refused = before_;
}

std::optional<RecordPlace> opendht_place(InfoHash const& key, ::dht::Value const& value) {
    for (auto const kind : {RecordKind::storage, RecordKind::presence, RecordKind::pull_notice}) {
        if (value.type != value_type(kind)) continue;
        RecordPlace place{{}, kind, value.id};
        static_assert(sizeof(place.key.bytes) == HASH_LEN);
        std::copy_n(key.data(), place.key.bytes.size(), place.key.bytes.begin());
        return place;
    }
    return std::nullopt;
}

bool is_plain(::dht::Value const& value) {
    return !value.owner && value.signature.empty() && value.cypher.empty() &&
           value.user_type.empty() && !value.recipient;
}

void install_policies(::dht::Dht& dht, Clock const& clock, bool counts_loopback) {
    // Junk of any other type could squat on a slot, because the held value's type decides who may
    // edit; and the built-in signed types crash on an edit (measured with 2.4.12).
    ValueType refused(0, "", std::chrono::seconds(1), refuse_store, refuse_edit);
    bool const by_default = unnamed_can_be_refused();
    for (unsigned id = 0; id <= 0xffff; ++id) {
        refused.id = static_cast<ValueType::Id>(id);
        // A table of all takes 11 MB. Nobody may edit a value of an unnamed one anyway.
        bool const unnamed = &dht.getType(refused.id) == &ValueType::USER_DATA;
        if (!unnamed || !by_default) dht.registerType(refused);
    }
    dht.registerType(our_type(RecordKind::storage, clock));
    dht.registerType(our_type(RecordKind::presence, clock));
    dht.registerType(notice_type(clock, counts_loopback));
}

}  // namespace satchel::location

/// The policy of all types that nobody has named. OpenDHT takes this one, as a program's symbols
/// come before those of its libraries; unless a node of ours works, it says what OpenDHT's does.
bool dht::ValueType::DEFAULT_STORE_POLICY(InfoHash, std::shared_ptr<Value> const& value,
                                          InfoHash const&, SockAddr const&) {
    return !satchel::location::unnamed_refused && value->size() <= MAX_VALUE_SIZE;
}
