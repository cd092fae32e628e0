// parse_placeholder_field: mailgw/FORMATS.md, "Placeholder".
#include <algorithm>
#include <charconv>
#include <map>

#include "mailgw/mail_text.h"
#include "mailgw/placeholder_reader.h"
#include "src/base/base64.h"
#include "src/base/hex.h"
#include "src/core/limits.h"

namespace satchel::mailgw {

namespace {

constexpr std::size_t part_id_digits = 32;
constexpr std::size_t field_octets_max = 32 * 1024;

using Values = std::map<std::string, std::string, std::less<>>;

/// `key=value` pairs, white space taken out. A key that comes twice fails the field: two readers
/// might choose differently.
Result<Values> split(std::string_view field) {
    Values values;
    while (!field.empty()) {
        std::size_t const end = std::min(field.find(';'), field.size());
        std::string pair(field.substr(0, end));
        field.remove_prefix(std::min(end + 1, field.size()));
        std::erase_if(pair, [](char c) { return trimmed({&c, 1}).empty(); });
        if (pair.empty()) continue;
        std::size_t const equals = pair.find('=');
        if (equals == std::string::npos)
            return fail(Fault::corrupt, "X-Satchel-Part: a key without a value");
        if (!values.emplace(lower_case(pair.substr(0, equals)), pair.substr(equals + 1)).second)
            return fail(Fault::corrupt, "X-Satchel-Part: a key comes twice");
    }
    return values;
}

std::string value_of(Values const& values, std::string_view key) {
    auto const found = values.find(key);
    return found == values.end() ? std::string() : found->second;
}

Result<std::optional<Bytes>> binary_of(Values const& values, std::string_view key,
                                       std::size_t bytes_max) {
    std::string const text = value_of(values, key);
    if (text.empty()) return std::optional<Bytes>();
    auto bytes = from_base64(text);
    if (!bytes || bytes->size() > bytes_max)
        return fail(Fault::corrupt, "X-Satchel-Part: " + std::string(key) + " is not what it says");
    return std::optional(std::move(*bytes));
}

Result<unsigned> layer_of(Values const& values) {
    std::string const text = value_of(values, "layer");
    if (text.empty()) return 1U;
    unsigned layer = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), layer);
    bool const whole = error == std::errc() && end == text.data() + text.size();
    if (!whole || layer < 1 || layer > layers_max)
        return fail(Fault::corrupt, "X-Satchel-Part: layer is not what it says");
    return layer;
}

}  // namespace

Result<FoundPlaceholder> parse_placeholder_field(std::string_view value) {
    if (value.size() > field_octets_max) return fail(Fault::corrupt, "X-Satchel-Part: too long");
    auto const values = split(value);
    if (!values) return fail(values.error());
    if (value_of(*values, "v") != "1") return fail(Fault::corrupt, "X-Satchel-Part: not version 1");
    auto const reference =
        Reference::parse("satchel:1:" + value_of(*values, "id") + ":" + value_of(*values, "size"));
    if (!reference) return fail(Fault::corrupt, "X-Satchel-Part: names no blob");
    FoundPlaceholder found;
    found.reference = *reference;
    found.part_id = value_of(*values, "part");
    if (found.part_id.size() != part_id_digits || !from_hex(found.part_id))
        return fail(Fault::corrupt, "X-Satchel-Part: names no part");
    auto const layer = layer_of(*values);
    if (!layer) return fail(layer.error());
    found.layer = *layer;
    auto grant = binary_of(*values, "grant", limits::grant_bytes);
    if (!grant) return fail(grant.error());
    found.grant = std::move(*grant);
    auto restore = binary_of(*values, "restore", limits::restore_bytes);
    if (!restore) return fail(restore.error());
    found.sealed_restore = std::move(*restore);
    return found;
}

}  // namespace satchel::mailgw
