// What every verb is told: the flags that stand before or after it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "src/base/result.h"
#include "src/core/config.h"

namespace satchel::cli {

struct Globals {
    std::filesystem::path home;
    std::vector<std::string> settings;  ///< `--set` arguments, in order
    bool json = false;
    bool verbose = false;

    /// satchel.toml of the home with the settings on top.
    Result<Config> config() const;
    Result<std::vector<ConfigOverride>> overrides() const;
};

}  // namespace satchel::cli
