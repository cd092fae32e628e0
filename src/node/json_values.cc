#include "src/node/json_values.h"

#include <algorithm>

#include "src/base/base64.h"
#include "src/base/hex.h"

namespace satchel::node {

using Json = nlohmann::json;

namespace {

Error missing(char const* key, char const* what) {
    return {Fault::usage, std::string(key) + ": expected " + what};
}

Json json_of(NodeReport const& node) {
    Json endpoints = Json::array();
    for (Endpoint const& endpoint : node.endpoints)
        endpoints.push_back(endpoint.to_string());
    return {{"node_key", node.node_key.to_base64()},
            {"priority", node.priority},
            {"endpoints", endpoints},
            {"available", node.available},
            {"pull_only", node.pull_only},
            {"reason", node.reason}};
}

Result<NodeReport> node_report_of(Json const& json) {
    auto const key = text_at(json, "node_key");
    auto const priority = number_at(json, "priority");
    auto const endpoints = texts_at(json, "endpoints");
    auto const available = flag_at(json, "available");
    auto const pull_only = flag_at(json, "pull_only");
    auto const reason = text_at(json, "reason");
    if (!key || !priority || !endpoints || !available || !pull_only || !reason) {
        return fail(Fault::usage, "not a node report");
    }
    auto const node_key = NodeKey::parse(*key);
    if (!node_key) return fail(node_key.error());
    NodeReport report;
    report.node_key = *node_key;
    report.priority = static_cast<std::uint32_t>(*priority);
    report.available = *available;
    report.pull_only = *pull_only;
    report.reason = *reason;
    for (std::string const& text : *endpoints) {
        auto endpoint = Endpoint::parse(text);
        if (!endpoint) return fail(endpoint.error());
        report.endpoints.push_back(*endpoint);
    }
    return report;
}

Json json_of(AcceptPolicy const& policy) {
    return {{"max_bytes", policy.max_bytes},
            {"from", to_string(policy.from)},
            {"min_bytes", policy.min_bytes},
            {"min_copies", policy.min_copies}};
}

Result<AcceptPolicy> accept_policy_of(Json const& json) {
    auto const max_bytes = number_at(json, "max_bytes");
    auto const word = text_at(json, "from");
    auto const min_bytes = number_at(json, "min_bytes");
    auto const min_copies = number_at(json, "min_copies");
    if (!max_bytes || !word || !min_bytes || !min_copies) return fail(Fault::usage, "not a policy");
    auto const from = parse_accept_from(*word);
    if (!from) return fail(from.error());
    return AcceptPolicy{*max_bytes, *from, *min_bytes, *min_copies};
}

}  // namespace

Result<std::string> text_at(Json const& object, char const* key) {
    auto const it = object.is_object() ? object.find(key) : object.end();
    if (it == object.end() || !it->is_string()) return fail(missing(key, "a text"));
    return it->get<std::string>();
}

Result<std::uint64_t> number_at(Json const& object, char const* key) {
    auto const it = object.is_object() ? object.find(key) : object.end();
    if (it == object.end() || !it->is_number_unsigned()) return fail(missing(key, "a number"));
    return it->get<std::uint64_t>();
}

Result<bool> flag_at(Json const& object, char const* key) {
    auto const it = object.is_object() ? object.find(key) : object.end();
    if (it == object.end() || !it->is_boolean()) return fail(missing(key, "true or false"));
    return it->get<bool>();
}

Result<Bytes> base64_at(Json const& object, char const* key) {
    auto const it = object.is_object() ? object.find(key) : object.end();
    if (it != object.end() && it->is_null()) return Bytes();
    auto const text = text_at(object, key);
    if (!text) return fail(text.error());
    return from_base64(*text);
}

Result<std::vector<std::string>> texts_at(Json const& object, char const* key) {
    auto const it = object.is_object() ? object.find(key) : object.end();
    if (it == object.end() || !it->is_array()) return fail(missing(key, "a list"));
    std::vector<std::string> texts;
    for (Json const& item : *it) {
        if (!item.is_string()) return fail(missing(key, "a list of texts"));
        texts.push_back(item.get<std::string>());
    }
    return texts;
}

Json base64_or_null(ByteSpan bytes) {
    return bytes.empty() ? Json() : Json(to_base64(bytes));
}

Json json_of(LookupReport const& report) {
    Json slots = Json::array();
    for (std::uint64_t slot : report.slots)
        slots.push_back(std::to_string(slot));
    Json nodes = Json::array();
    for (NodeReport const& node : report.nodes)
        nodes.push_back(json_of(node));
    return {
        {"address", report.address.text()},
        {"storage_address", report.storage_address.text()},
        {"dht_key", report.dht_key.to_hex()},
        {"slots", slots},
        {"storage", report.storage},
        {"conclusive", report.conclusive},
        {"revoked", report.revoked},
        {"trust", to_string(report.trust)},
        {"trusted", report.trusted},
        {"available", report.available},
        {"age_recipient", report.age_recipient ? Json(report.age_recipient->to_string()) : Json()},
        {"user_key", report.user_key ? Json(report.user_key->to_base64()) : Json()},
        {"accept", json_of(report.accept)},
        {"page", report.page},
        {"nodes", nodes},
        {"reason", report.reason},
        {"alarm", report.alarm},
        {"steps", report.steps}};
}

Result<LookupReport> lookup_report_of(Json const& json) {
    auto const address_text = text_at(json, "address");
    auto const storage_text = text_at(json, "storage_address");
    auto const dht_key_text = text_at(json, "dht_key");
    auto const slots = texts_at(json, "slots");
    auto const storage = flag_at(json, "storage");
    auto const conclusive = flag_at(json, "conclusive");
    auto const trust_word = text_at(json, "trust");
    auto const trusted = flag_at(json, "trusted");
    auto const available = flag_at(json, "available");
    auto const page = text_at(json, "page");
    auto const reason = text_at(json, "reason");
    auto const alarm = text_at(json, "alarm");
    auto const steps = texts_at(json, "steps");
    if (!address_text || !storage_text || !dht_key_text || !slots || !storage || !conclusive ||
        !trust_word || !trusted || !available || !page || !reason || !alarm || !steps) {
        return fail(Fault::usage, "not a lookup report");
    }
    auto address = Address::parse(*address_text);
    auto storage_address = Address::parse(*storage_text);
    auto const trust = parse_trust(*trust_word);
    auto const dht_key = from_hex(*dht_key_text);
    auto const accept = accept_policy_of(json.value("accept", Json()));
    if (!address || !storage_address || !trust || !accept || !dht_key || dht_key->size() != 20) {
        return fail(Fault::usage, "not a lookup report");
    }
    LookupReport report{.address = std::move(*address),
                        .storage_address = std::move(*storage_address)};
    std::copy(dht_key->begin(), dht_key->end(), report.dht_key.bytes.begin());
    for (std::string const& slot : *slots) {
        report.slots.push_back(std::strtoull(slot.c_str(), nullptr, 10));
    }
    report.storage = *storage;
    report.conclusive = *conclusive;
    report.revoked = flag_at(json, "revoked").value_or(false);
    report.trust = *trust;
    report.trusted = *trusted;
    report.available = *available;
    report.accept = *accept;
    report.page = *page;
    report.reason = *reason;
    report.alarm = *alarm;
    report.steps = *steps;
    if (auto const text = text_at(json, "age_recipient")) {
        auto recipient = AgeRecipient::parse(*text);
        if (!recipient) return fail(recipient.error());
        report.age_recipient = *recipient;
    }
    if (auto const text = text_at(json, "user_key")) {
        auto key = UserKey::parse(*text);
        if (!key) return fail(key.error());
        report.user_key = *key;
    }
    for (Json const& item : json.value("nodes", Json::array())) {
        auto node = node_report_of(item);
        if (!node) return fail(node.error());
        report.nodes.push_back(std::move(*node));
    }
    return report;
}

Json json_of(FileLabel const& label) {
    return {{"name", label.name},
            {"type", label.type},
            {"bytes", label.bytes},
            {"sha256", to_hex(label.sha256)},
            {"message_id", label.message_id},
            {"sender", label.sender},
            {"subject", label.subject},
            {"encoding", label.encoding}};
}

Result<FileLabel> file_label_of(Json const& json) {
    auto const name = text_at(json, "name");
    auto const type = text_at(json, "type");
    auto const bytes = number_at(json, "bytes");
    auto const digest_text = text_at(json, "sha256");
    auto const message_id = text_at(json, "message_id");
    auto const sender = text_at(json, "sender");
    auto const subject = text_at(json, "subject");
    auto const encoding = text_at(json, "encoding");
    if (!name || !type || !bytes || !digest_text || !message_id || !sender || !subject ||
        !encoding) {
        return fail(Fault::usage, "not a label");
    }
    auto const digest = from_hex(*digest_text);
    if (!digest || digest->size() != 32)
        return fail(Fault::usage, "sha256: expected 64 hex digits");
    FileLabel label{.name = *name,
                    .type = *type,
                    .bytes = *bytes,
                    .sha256 = {},
                    .message_id = *message_id,
                    .sender = *sender,
                    .subject = *subject,
                    .encoding = *encoding};
    std::copy(digest->begin(), digest->end(), label.sha256.begin());
    return label;
}

}  // namespace satchel::node
