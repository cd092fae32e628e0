// The keys that satchel.toml may hold: name, default, explanation, and how a value is taken. What
// is not in this table is refused, and the table is what `init` writes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "src/base/result.h"
#include "src/core/config.h"

namespace satchel {

/// A value as TOML knows it, without TOML.
using ConfigValue = std::variant<bool, std::int64_t, std::string, std::vector<std::string>>;

/// Where a value goes. `domain` is set for keys of the section [domain."…"] alone.
struct ConfigTarget {
    Config& config;
    DomainSettings* domain = nullptr;
};

inline constexpr std::string_view domain_section = "domain";

struct ConfigKey {
    std::string_view section;  ///< "node", "gateway", "trust", "web", "metrics", or domain_section
    std::string_view name;
    std::string_view default_text;  ///< as it would stand in the file
    std::string_view explanation;   ///< one line
    Status (*take)(ConfigValue const& value, ConfigTarget target);
};

/// All keys, those of a section together.
std::span<ConfigKey const> config_keys();

}  // namespace satchel
