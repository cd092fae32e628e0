#include "src/core/reference.h"

#include <algorithm>
#include <charconv>

namespace satchel {

namespace {

constexpr std::string_view prefix = "satchel:1:";
constexpr std::size_t id_digits = 64;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_word_character(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

}  // namespace

Result<Reference> Reference::parse(std::string_view text) {
    auto const refused = [] {
        return fail(Fault::usage,
                    "not a reference such as satchel:1:<64 lower-case hex digits>:<bytes>");
    };
    if (!text.starts_with(prefix)) return refused();
    text.remove_prefix(prefix.size());
    if (text.size() < id_digits + 2 || text[id_digits] != ':') return refused();
    auto const id = ContentId::parse(text.substr(0, id_digits));
    if (!id) return refused();
    auto const digits = text.substr(id_digits + 1);
    // One text per reference: no leading zeros.
    if (digits.size() > 1 && digits.front() == '0') return refused();
    Reference reference{*id, 0};
    char const* const end = digits.data() + digits.size();
    auto const [last, error] = std::from_chars(digits.data(), end, reference.blob_bytes);
    if (error != std::errc() || last != end) return refused();
    return reference;
}

std::string Reference::to_string() const {
    return std::string(prefix) + content_id.to_hex() + ':' + std::to_string(blob_bytes);
}

std::optional<Reference> Reference::find_in(std::string_view text) {
    for (auto at = text.find(prefix); at != std::string_view::npos;
         at = text.find(prefix, at + 1)) {
        if (at > 0 && is_word_character(text[at - 1])) continue;
        std::size_t end = std::min(text.size(), at + prefix.size() + id_digits + 1);
        while (end < text.size() && is_digit(text[end]))
            ++end;
        if (end < text.size() && is_word_character(text[end])) continue;
        if (auto found = parse(text.substr(at, end - at))) return *found;
    }
    return std::nullopt;
}

Result<ContentId> content_id_in(std::string const& text) {
    if (auto reference = Reference::parse(text)) return reference->content_id;
    auto id = ContentId::parse(text);
    if (!id) return fail(Fault::usage, text + " is neither a content id nor a satchel: reference");
    return id;
}

}  // namespace satchel
