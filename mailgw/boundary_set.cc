#include "mailgw/boundary_set.h"

#include <algorithm>

#include "mailgw/mail_text.h"

namespace satchel::mailgw {

namespace {

constexpr std::size_t boundary_octets_max = 250;  // RFC 2046 says 70

bool is_boundary_character(char c) {
    constexpr std::string_view marks = "'()+_,-./:=? *!#$%&^`{}|~<>[]@";
    return is_ascii_alphanumeric(c) || marks.find(c) != std::string_view::npos;
}

}  // namespace

DeclaredType declared_type(std::string_view content_type) {
    std::string const value = lower_case(content_type);
    DeclaredType type;
    type.multipart = value.find("multipart") != std::string::npos;
    type.message = value.find("message") != std::string::npos;
    std::size_t const at = value.find("boundary");
    if (!type.multipart || at == std::string::npos) return type;
    // Comments, escapes, encoded words and RFC 2231 forms are legal and never seen; two readers may
    // take them differently, so they declare nothing here.
    std::string_view rest = trimmed(content_type.substr(at + std::string_view("boundary").size()));
    if (!rest.starts_with('=')) return type;
    rest = trimmed(rest.substr(1));
    bool const quoted = rest.starts_with('"');
    if (quoted) rest.remove_prefix(1);
    std::size_t const size = rest.find_first_of(quoted ? "\"" : "; \t");
    if (quoted && size == std::string_view::npos) return type;
    std::string_view const boundary = rest.substr(0, size);
    std::string_view after =
        size == std::string_view::npos ? std::string_view() : rest.substr(size + (quoted ? 1 : 0));
    after = trimmed(after);
    if (!after.empty() && !after.starts_with(';')) return type;
    // Two would be taken differently, too. The value itself may hold the word: swaks writes
    // "----=_MIME_BOUNDARY_000_1".
    if (lower_case(after).find("boundary") != std::string::npos) return type;
    if (boundary.empty() || boundary.size() > boundary_octets_max || boundary.ends_with(' ') ||
        boundary.find("=?") != std::string_view::npos ||
        !std::all_of(boundary.begin(), boundary.end(), is_boundary_character)) {
        return type;
    }
    type.boundary = boundary;
    return type;
}

BoundarySet::Declaration BoundarySet::declare(std::string const& boundary) {
    auto const [entry, is_new] = index_.emplace(boundary, names_.size());
    if (is_new) names_.push_back(boundary);
    return {entry->second, is_new};
}

std::optional<BoundarySet::Match> BoundarySet::match(std::string_view line) const {
    if (!line.starts_with("--")) return std::nullopt;
    while (line.ends_with(' ') || line.ends_with('\t'))
        line.remove_suffix(1);
    line.remove_prefix(std::min<std::size_t>(2, line.size()));
    if (line.size() > boundary_octets_max + 2) return std::nullopt;
    std::string name(line);
    if (auto const found = index_.find(name); found != index_.end())
        return Match{found->second, false};
    if (!name.ends_with("--")) return std::nullopt;
    name.resize(name.size() - 2);
    if (auto const found = index_.find(name); found != index_.end())
        return Match{found->second, true};
    return std::nullopt;
}

}  // namespace satchel::mailgw
