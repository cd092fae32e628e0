// How a value of satchel.toml becomes a setting: what each form takes, and what it says to the
// rest. Every Fault is `usage`, its text says what is wanted; the key's name is the caller's to
// add.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/core/config_keys.h"

namespace satchel {

/// A string without control characters.
Status take_text(ConfigValue const& value, std::string& out);

/// A list of strings; one string stands for a list of one.
Status take_texts(ConfigValue const& value, std::vector<std::string>& out);

/// Takes a list whose items are parsed one by one.
template <class T, class Parse>
Status take_list(ConfigValue const& value, std::vector<T>& out, Parse parse) {
    std::vector<std::string> texts;
    if (auto taken = take_texts(value, texts); !taken) return taken;
    std::vector<T> items;
    for (std::string const& text : texts) {
        auto item = parse(text);
        if (!item) return fail(item.error());
        items.push_back(std::move(*item));
    }
    out = std::move(items);
    return {};
}

/// Takes a string that is parsed.
template <class T, class Parse>
Status take_parsed(ConfigValue const& value, T& out, Parse parse) {
    std::string text;
    if (auto taken = take_text(value, text); !taken) return taken;
    auto parsed = parse(text);
    if (!parsed) return fail(parsed.error());
    out = std::move(*parsed);
    return {};
}

/// IP:PORT; port 0 picks a free one.
Status take_listen(ConfigValue const& value, Endpoint& out);

/// Bytes: a number, or one with a unit.
Status take_size(ConfigValue const& value, std::uint64_t& out);

/// Over 0, with its unit.
Status take_duration(ConfigValue const& value, std::chrono::seconds& out);

Status take_flag(ConfigValue const& value, bool& out);

template <class T>
Status take_number(ConfigValue const& value, std::int64_t least, std::int64_t most, T& out) {
    auto const* const number = std::get_if<std::int64_t>(&value);
    if (number == nullptr || *number < least || *number > most)
        return fail(Fault::usage, "a number from " + std::to_string(least) + " to " +
                                      std::to_string(most) + " is wanted");
    out = static_cast<T>(*number);
    return {};
}

/// "" is none.
Status take_file(ConfigValue const& value, std::filesystem::path& out);

Result<std::filesystem::path> parse_folder(std::string const& text);

/// "" for none.
Result<std::string> parse_host_port(std::string const& text);

/// "" for none.
Result<std::optional<NodeKey>> parse_optional_key(std::string const& text);

}  // namespace satchel
