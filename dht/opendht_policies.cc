// What this node stores for others: record_policy, put into OpenDHT's type table.
#include "dht/opendht_node.h"
#include "dht/record_policy.h"

namespace satchel::location {
namespace {

using ::dht::InfoHash;
using ::dht::SockAddr;
using ::dht::ValueType;
using ValuePtr = std::shared_ptr<::dht::Value>;

bool refuse_store(InfoHash, ValuePtr&, InfoHash const&, SockAddr const&) {
    return false;
}

bool refuse_edit(InfoHash, ValuePtr const&, ValuePtr&, InfoHash const&, SockAddr const&) {
    return false;
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

}  // namespace

std::optional<RecordPlace> opendht_place(InfoHash const& key, ::dht::Value const& value) {
    for (auto const kind : {RecordKind::storage, RecordKind::presence}) {
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

void install_policies(::dht::Dht& dht, Clock const& clock) {
    // Junk of any other type could squat on a slot, because the held value's type decides who may
    // edit; and the built-in signed types crash on an edit (measured with 2.4.12).
    ValueType refused(0, "", std::chrono::seconds(1), refuse_store, refuse_edit);
    for (unsigned id = 0; id <= 0xffff; ++id) {
        refused.id = static_cast<ValueType::Id>(id);
        dht.registerType(refused);
    }
    dht.registerType(our_type(RecordKind::storage, clock));
    dht.registerType(our_type(RecordKind::presence, clock));
}

}  // namespace satchel::location
