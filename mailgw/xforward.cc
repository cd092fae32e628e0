#include "mailgw/xforward.h"

#include <map>
#include <sstream>

#include "mailgw/smtp_limits.h"
#include "mailgw/smtp_path.h"

namespace satchel::mailgw {

namespace {

using Attributes = std::map<std::string, std::string>;

bool is_known(std::string const& name) {
    std::istringstream names(xforward_attributes);
    for (std::string word; names >> word;)
        if (word == name) return true;
    return false;
}

/// False where a word is no NAME=value.
bool read_into(std::string_view text, Attributes& out) {
    std::istringstream words{std::string(text)};
    for (std::string word; words >> word;) {
        auto const equals = word.find('=');
        if (equals == std::string::npos) return false;
        std::string name = word.substr(0, equals);
        for (char& c : name)
            c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        std::string value = word.substr(equals + 1);
        if (!is_known(name) || !is_xtext(value) || value.size() > smtp_limits::domain_octets) {
            return false;
        }
        out[name] = std::move(value);
    }
    return true;
}

}  // namespace

bool merge_xforward(std::string_view more, std::string& known) {
    Attributes all;
    if (!read_into(known, all) || !read_into(more, all)) return false;
    known.clear();
    for (auto const& [name, value] : all) {
        if (!known.empty()) known += ' ';
        known.append(name).append(1, '=').append(value);
    }
    return true;
}

std::string xforward_value(std::string_view attributes, std::string_view name) {
    Attributes all;
    if (!read_into(attributes, all)) return {};
    auto const found = all.find(std::string(name));
    if (found == all.end() || found->second == "[UNAVAILABLE]") return {};
    return decode_xtext(found->second);
}

}  // namespace satchel::mailgw
