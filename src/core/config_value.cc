#include "src/core/config_value.h"

#include <algorithm>

#include "src/core/host_port.h"

namespace satchel {

Status take_text(ConfigValue const& value, std::string& out) {
    auto const* const text = std::get_if<std::string>(&value);
    if (text == nullptr) return fail(Fault::usage, "a string in quotes is wanted");
    bool const clean = std::all_of(text->begin(), text->end(), [](char c) {
        return static_cast<unsigned char>(c) >= ' ' && c != 0x7f;
    });
    if (!clean) return fail(Fault::usage, "no control characters are allowed");
    out = *text;
    return {};
}

Status take_texts(ConfigValue const& value, std::vector<std::string>& out) {
    if (auto const* const list = std::get_if<std::vector<std::string>>(&value)) {
        out = *list;
        return {};
    }
    out.resize(1);
    if (take_text(value, out.front())) return {};
    return fail(Fault::usage, "a list of strings is wanted, such as [\"…\", \"…\"]");
}

Status take_listen(ConfigValue const& value, Endpoint& out) {
    return take_parsed(value, out, [](auto const& text) {
        return Endpoint::parse(text, Endpoint::ZeroPort::allow);
    });
}

Status take_size(ConfigValue const& value, std::uint64_t& out) {
    if (auto const* const number = std::get_if<std::int64_t>(&value); number && *number >= 0) {
        out = static_cast<std::uint64_t>(*number);
        return {};
    }
    if (!std::holds_alternative<std::string>(value))
        return fail(Fault::usage, "a size is wanted, such as \"64 KiB\" or a number of bytes");
    return take_parsed(value, out, parse_size);
}

Status take_duration(ConfigValue const& value, std::chrono::seconds& out) {
    std::chrono::seconds taken{};
    if (!std::holds_alternative<std::string>(value))
        return fail(Fault::usage, "a duration is wanted, such as \"30s\" or \"5d\"");
    if (auto parsed = take_parsed(value, taken, parse_duration); !parsed) return parsed;
    if (taken.count() == 0) return fail(Fault::usage, "a duration over 0 is wanted");
    out = taken;
    return {};
}

Status take_flag(ConfigValue const& value, bool& out) {
    auto const* const flag = std::get_if<bool>(&value);
    if (flag == nullptr) return fail(Fault::usage, "true or false is wanted");
    out = *flag;
    return {};
}

Status take_file(ConfigValue const& value, std::filesystem::path& out) {
    return take_parsed(value, out, [](std::string const& text) -> Result<std::filesystem::path> {
        return std::filesystem::path(text);
    });
}

Result<std::filesystem::path> parse_folder(std::string const& text) {
    if (text.empty()) return fail(Fault::usage, "a folder is wanted");
    return std::filesystem::path(text);
}

Result<std::string> parse_host_port(std::string const& text) {
    if (text.empty()) return text;
    auto const at = HostPort::parse(text);
    if (!at) return fail(at.error());
    return at->to_string();
}

Result<std::optional<NodeKey>> parse_optional_key(std::string const& text) {
    if (text.empty()) return std::optional<NodeKey>();
    auto const key = NodeKey::parse(text);
    if (!key) return fail(key.error());
    return std::optional(*key);
}

}  // namespace satchel
