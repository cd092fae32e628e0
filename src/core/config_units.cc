#include <array>
#include <charconv>
#include <limits>

#include "src/core/config.h"

namespace satchel {

namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

constexpr std::array size_units = {
    Unit{"", 1},
    Unit{"b", 1},
    Unit{"kb", 1'000},
    Unit{"mb", 1'000'000},
    Unit{"gb", 1'000'000'000},
    Unit{"tb", 1'000'000'000'000},
    Unit{"kib", 1ULL << 10},
    Unit{"mib", 1ULL << 20},
    Unit{"gib", 1ULL << 30},
    Unit{"tib", 1ULL << 40},
};

constexpr std::array duration_units = {
    Unit{"s", 1},
    Unit{"m", 60},
    Unit{"h", 3'600},
    Unit{"d", 24 * 3'600},
};

std::string in_lower_case(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

/// `<digits><blanks><unit>`, times the unit's factor; nothing if it is not that, or over `most`.
std::optional<std::uint64_t> parse_amount(std::string_view text, std::span<Unit const> units,
                                          std::uint64_t most) {
    std::uint64_t number = 0;
    char const* const end = text.data() + text.size();
    auto const [last, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(last - text.data()));
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    std::string const name = in_lower_case(text);
    for (Unit const& unit : units)
        if (unit.name == name && number <= most / unit.factor) return number * unit.factor;
    return std::nullopt;
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
    // SQLite and TOML count in signed 64 bits.
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (auto const size = parse_amount(text, size_units, most)) return *size;
    return fail(Fault::usage, '"' + std::string(text.substr(0, 80)) +
                                  "\" is not a size such as \"64 KiB\", \"5 GB\" or a number of "
                                  "bytes (B, KB, MB, GB, TB, KiB, MiB, GiB, TiB)");
}

Result<std::chrono::seconds> parse_duration(std::string_view text) {
    constexpr std::uint64_t most = 100ULL * 366 * 24 * 3'600;  // a century
    if (auto const seconds = parse_amount(text, duration_units, most))
        return std::chrono::seconds(static_cast<std::int64_t>(*seconds));
    return fail(Fault::usage, '"' + std::string(text.substr(0, 80)) +
                                  "\" is not a duration such as \"30s\", \"10m\", \"1h\" or "
                                  "\"5d\"");
}

}  // namespace satchel
