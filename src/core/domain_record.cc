#include "src/core/domain_record.h"

#include <algorithm>
#include <iterator>

#include "src/base/base64.h"
#include "src/core/limits.h"
#include "src/core/msgpack_codec.h"

namespace satchel {

namespace {

constexpr std::string_view version = "satchel1";
constexpr std::string_view vouch_prefix = "satchel-domain-key-v1";

struct Tag {
    std::string_view name;
    std::string_view value;
};

using Tags = std::vector<Tag>;

std::string_view trimmed(std::string_view text) {
    auto const begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::vector<std::string_view> parts_of(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        auto const end = text.find(separator);
        parts.push_back(trimmed(text.substr(0, end)));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

tl::unexpected<Error> damaged(std::string what) {
    return fail(Fault::corrupt, std::move(what));
}

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return c == '\t' || (c >= ' ' && c < 0x7f); });
}

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= limits::domain_record_tag_octets &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
           });
}

Result<Tags> tags_of(std::string_view text) {
    auto parts = parts_of(text, ';');
    if (parts.back().empty()) parts.pop_back();  // a semicolon at the end separates nothing
    Tags tags;
    for (std::string_view const part : parts) {
        auto const equals = part.find('=');
        auto const name = trimmed(part.substr(0, equals));
        if (equals == std::string_view::npos || !is_name(name))
            return damaged("a part is not of the form tag=value");
        bool const doubled = std::any_of(tags.begin(), tags.end(),
                                         [&](Tag const& other) { return other.name == name; });
        if (doubled) return damaged("the tag " + std::string(name) + " stands twice");
        tags.push_back({name, trimmed(part.substr(equals + 1))});
    }
    return tags;
}

std::optional<std::string_view> find(Tags const& tags, std::string_view name) {
    for (Tag const& tag : tags)
        if (tag.name == name) return tag.value;
    return std::nullopt;
}

/// Items between commas, each parsed. Absent: none.
template <class T, class Parse>
Status take_list(Tags const& tags, std::string_view name, std::size_t most, Parse parse,
                 std::vector<T>& out) {
    auto const value = find(tags, name);
    if (!value) return {};
    for (std::string_view const text : parts_of(*value, ',')) {
        auto item = parse(text);
        if (!item) return damaged(std::string(name) + "=: " + item.error().what);
        if (out.size() == most)
            return damaged(std::string(name) + "= has more than " + std::to_string(most));
        out.push_back(std::move(*item));
    }
    return {};
}

Result<std::optional<DomainVouch>> vouch_of(Tags const& tags) {
    std::optional<DomainVouch> vouch;
    auto const value = find(tags, "vouch");
    if (!value) return vouch;
    auto const bytes = from_base64(*value);
    if (!bytes || bytes->size() != 32 + 64) return damaged("vouch= is not a key and a signature");
    vouch.emplace();
    std::copy_n(bytes->begin(), 32, vouch->by.bytes.begin());
    std::copy_n(std::next(bytes->begin(), 32), 64, vouch->signature.begin());
    return vouch;
}

Bytes vouched_bytes(DomainKey const& newer, std::string const& domain) {
    MsgpackWriter out;
    out.array(2).text(domain).binary(newer.bytes);
    return out.take();
}

template <class Items, class Write>
std::string list_text(char const* tag, Items const& items, Write write) {
    std::string text;
    for (auto const& item : items)
        text += (text.empty() ? std::string(tag) : ",") + write(item);
    return text;
}

}  // namespace

std::string DomainRecord::to_text() const {
    std::string text = "v=" + std::string(version) + "; k=ed25519; p=" + key.to_base64();
    text +=
        list_text("; gk=", gateway_keys, [](PublicKey const& item) { return item.to_base64(); });
    if (gateway) text += "; gw=" + gateway->to_string();
    text += list_text("; dht=", dht_bootstrap, [](HostPort const& at) { return at.to_string(); });
    if (vouch) {
        Bytes bytes = copy_of(vouch->by.bytes);
        append(bytes, vouch->signature);
        text += "; vouch=" + to_base64(bytes);
    }
    return text;
}

Result<DomainRecord> DomainRecord::parse(std::string_view text) {
    // A name may bear records of other makers, so what it is comes before whether it is sound.
    auto const first = parts_of(text.substr(0, limits::domain_record_octets), ';').front();
    auto const equals = first.find('=');
    if (equals == std::string_view::npos || trimmed(first.substr(0, equals)) != "v" ||
        trimmed(first.substr(equals + 1)) != version)
        return fail(Fault::not_found, "it does not begin with v=satchel1");
    if (text.size() > limits::domain_record_octets)
        return damaged("over " + std::to_string(limits::domain_record_octets) + " octets");
    if (!is_printable(text)) return damaged("it holds what is not printable ASCII");
    auto const tags = tags_of(text);
    if (!tags) return fail(tags.error());
    if (find(*tags, "k") != "ed25519") return damaged("k=ed25519 is wanted");
    auto const key = DomainKey::parse(find(*tags, "p").value_or(""));
    if (!key) return damaged("p=: " + key.error().what);
    DomainRecord record;
    record.key = *key;
    auto const most = limits::domain_record_items;
    if (auto taken = take_list(*tags, "gk", most, PublicKey::parse, record.gateway_keys); !taken)
        return fail(taken.error());
    std::vector<HostPort> gateways;
    if (auto taken = take_list(*tags, "gw", 1, HostPort::parse, gateways); !taken)
        return fail(taken.error());
    if (!gateways.empty()) record.gateway = std::move(gateways.front());
    if (auto taken = take_list(*tags, "dht", most, HostPort::parse, record.dht_bootstrap); !taken)
        return fail(taken.error());
    auto vouch = vouch_of(*tags);
    if (!vouch) return fail(vouch.error());
    record.vouch = std::move(*vouch);
    return record;
}

DomainVouch vouch_for(DomainKey const& newer, std::string const& domain, SigningKey const& older) {
    return {DomainKey(older.public_key()), older.sign(vouch_prefix, vouched_bytes(newer, domain))};
}

bool vouch_holds(DomainVouch const& vouch, DomainKey const& newer, std::string const& domain) {
    return verify_signature(vouch.by, vouch_prefix, vouched_bytes(newer, domain), vouch.signature);
}

std::string domain_record_name(std::string const& domain) {
    return "_satchel." + domain;
}

}  // namespace satchel
