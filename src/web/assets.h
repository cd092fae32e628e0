// The page's own files, compiled in (src/web/assets, by embed_assets.py).
#pragma once

#include <span>
#include <string_view>

namespace satchel::web {

struct Asset {
    std::string_view name;  ///< "app.js"
    std::string_view type;  ///< media type, with its charset
    std::string_view body;
};

std::span<Asset const> assets();

}  // namespace satchel::web
