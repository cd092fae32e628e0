#include "src/core/config.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <toml++/toml.h>
#include <unistd.h>

#include "src/base/atomic_file.h"
#include "src/core/address.h"
#include "src/core/config_keys.h"
#include "src/core/limits.h"

namespace satchel {

namespace fs = std::filesystem;

namespace {

/// Where settings come from: a file, whose errors have positions, or one `--set`.
struct Source {
    std::string name;
    Fault fault;
    bool positions;
};

Error error_at(Source const& source, toml::source_position where, std::string const& what) {
    std::string place = source.name + ':';
    if (source.positions)
        place += std::to_string(where.line) + ':' + std::to_string(where.column) + ':';
    return {source.fault, place + ' ' + what};
}

Result<toml::table> parse_toml(std::string_view text, Source const& source) {
    try {
        return toml::parse(text);
    } catch (toml::parse_error const& error) {
        return fail(error_at(source, error.source().begin, std::string(error.description())));
    }
}

std::string title_of(std::string_view section) {
    return section == domain_section ? "[domain.\"example.test\"]"
                                     : '[' + std::string(section) + ']';
}

std::string names_in(std::string_view section) {
    std::string names;
    for (ConfigKey const& key : config_keys())
        if (key.section == section) names += (names.empty() ? "" : ", ") + std::string(key.name);
    return names;
}

std::vector<std::string_view> sections() {
    std::vector<std::string_view> sections;
    for (ConfigKey const& key : config_keys())
        if (sections.empty() || sections.back() != key.section) sections.push_back(key.section);
    return sections;
}

std::optional<ConfigValue> value_of(toml::node const& node) {
    if (auto const* const text = node.as_string()) return text->get();
    if (auto const* const number = node.as_integer()) return number->get();
    if (auto const* const flag = node.as_boolean()) return flag->get();
    auto const* const array = node.as_array();
    if (array == nullptr) return std::nullopt;
    std::vector<std::string> texts;
    for (toml::node const& item : *array) {
        auto const* const text = item.as_string();
        if (text == nullptr) return std::nullopt;
        texts.push_back(text->get());
    }
    return texts;
}

/// Takes the tables of one source into a Config, and remembers the error that stands first.
class Reader {
public:
    Reader(Source const& source, Config& config)
        : source_(source)
        , config_(config) {}

    Status read(toml::table const& root) {
        for (auto const& [key, node] : root) {
            std::string const name(key.str());
            auto const* const table = node.as_table();
            if (name == domain_section && table != nullptr) {
                read_domains(*table);
            } else if (names_in(name).empty() || table == nullptr) {
                complain(key.source().begin, unknown_section(name, table != nullptr));
            } else {
                read_section(*table, name, '[' + name + ']', {config_, nullptr});
            }
        }
        if (first_) return fail(error_at(source_, first_->where, first_->what));
        return {};
    }

private:
    struct Complaint {
        toml::source_position where;
        std::string what;
    };

    static std::string unknown_section(std::string const& name, bool is_table) {
        std::string all;
        for (std::string_view const section : sections())
            all += (all.empty() ? "" : ", ") + title_of(section);
        return (is_table ? "unknown section [" + name + ']' : name + " stands in no section") +
               "; allowed: " + all;
    }

    void read_domains(toml::table const& domains) {
        std::vector<std::string> seen;
        for (auto const& [key, node] : domains) {
            std::string const title = "[domain.\"" + std::string(key.str()) + "\"]";
            auto const name = normal_domain(key.str());
            auto const* const table = node.as_table();
            if (!name) {
                complain(key.source().begin, title + ": " + name.error().what);
            } else if (table == nullptr) {
                complain(key.source().begin, title_of(domain_section) +
                                                 " is wanted: a section per domain, its name "
                                                 "in quotes");
            } else if (std::find(seen.begin(), seen.end(), *name) != seen.end()) {
                complain(key.source().begin, title + ": stands here twice, as " + *name);
            } else {
                seen.push_back(*name);
                read_section(*table, domain_section, title, {config_, &config_.domains[*name]});
            }
        }
    }

    void read_section(toml::table const& table, std::string_view section, std::string const& title,
                      ConfigTarget target) {
        for (auto const& [key, node] : table) {
            std::string const full =
                title.substr(1, title.size() - 2) + '.' + std::string(key.str());
            auto const known = std::find_if(config_keys().begin(), config_keys().end(),
                                            [&, name = key.str()](auto const& k) {
                                                return k.section == section && k.name == name;
                                            });
            if (known == config_keys().end()) {
                std::string what = "unknown key " + full;
                what.append("; allowed in ").append(title).append(": ").append(names_in(section));
                complain(key.source().begin, std::move(what));
                continue;
            }
            auto const value = value_of(node);
            auto const taken =
                value
                    ? known->take(*value, target)
                    : Status(fail(Fault::usage, "a value like " + std::string(known->default_text) +
                                                    " is wanted"));
            if (!taken) complain(node.source().begin, full + ": " + taken.error().what);
        }
    }

    void complain(toml::source_position where, std::string what) {
        if (!first_ || where < first_->where) first_ = Complaint{where, std::move(what)};
    }

    Source const& source_;
    Config& config_;
    std::optional<Complaint> first_;  ///< tables are sorted by key, people read by line
};

/// The only key of a table, down to the value; nothing where there are more.
bool is_one_value(toml::table const& table) {
    toml::table const* level = &table;
    while (level != nullptr && level->size() == 1)
        level = level->begin()->second.as_table();
    return level == nullptr;
}

bool parses_as_one_value(std::string const& assignment) {
    auto const table = parse_toml(assignment, {});
    return table && is_one_value(*table);
}

/// A TOML basic string.
std::string toml_string(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out = "\"";
    for (char c : text) {
        auto const octet = static_cast<unsigned char>(c);
        if (octet < 0x20 || octet == 0x7f) {
            out += "\\u00";
            out += digits[octet >> 4];
            out += digits[octet & 15U];
        } else {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
    }
    return out + '"';
}

std::string assignment_of(ConfigOverride const& setting) {
    // A table, and a value that would smuggle in a second key, count as text.
    auto const as_toml = parse_toml("v = " + setting.value, {});
    bool const is_value = as_toml && as_toml->size() == 1 && as_toml->contains("v");
    return setting.key + " = " + (is_value ? setting.value : toml_string(setting.value));
}

std::string host_name() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
    auto const normal = normal_domain(name.data());
    return normal ? *normal : "localhost";
}

/// What a person leaves out, and what depends on the home.
void fill_defaults(Config& config, fs::path const& home) {
    // An absolute right-hand side replaces the left.
    fs::path& storage = config.node.storage_dir;
    storage = home / (storage.empty() ? "storage" : storage);
    fs::path& spool = config.gateway.spool_dir;
    spool = home / (spool.empty() ? "spool" : spool);
    GatewaySettings& gateway = config.gateway;
    if (gateway.next_hop.empty()) gateway.next_hop = "maildir:mail/{recipient}";
    for (std::string* const hop : {&gateway.next_hop, &gateway.inbound_next_hop})
        if (std::string_view const scheme = "maildir:"; hop->starts_with(scheme))
            *hop = std::string(scheme) + (home / hop->substr(scheme.size())).string();
    for (fs::path* const file :
         {&gateway.next_hop_password_file, &gateway.next_hop_ca_file, &config.trust.dnssec_anchor})
        if (!file->empty()) *file = home / *file;
    for (auto& [name, domain] : config.domains)
        if (!domain.bindings_file.empty()) domain.bindings_file = home / domain.bindings_file;
    bool const inbound = !gateway.inbound_next_hop.empty();
    if (inbound && !gateway.lmtp_listen) gateway.lmtp_listen = Endpoint{"127.0.0.1", 10024};
    if (gateway.helo.empty()) gateway.helo = host_name();
}

}  // namespace

Result<ConfigOverride> parse_override(std::string const& argument) {
    char quote = '\0';
    for (std::size_t i = 0; i < argument.size(); ++i) {
        char const c = argument[i];
        if (quote != '\0') {
            if (c == quote) quote = '\0';
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '=') {
            ConfigOverride setting{argument.substr(0, i), argument.substr(i + 1)};
            // Below another key, so that a section header is no key.
            if (!parses_as_one_value("v." + setting.key + " = 0")) break;
            return setting;
        }
    }
    return fail(Fault::usage, "--set " + argument.substr(0, 80) +
                                  ": KEY=VALUE is wanted, such as node.quota=\"5 GiB\" or "
                                  "'domain.\"b.test\".keys=[\"…\"]'");
}

Result<std::vector<ConfigOverride>> parse_overrides(std::vector<std::string> const& arguments) {
    std::vector<ConfigOverride> overrides;
    for (std::string const& argument : arguments) {
        auto parsed = parse_override(argument);
        if (!parsed) return fail(parsed.error());
        overrides.push_back(std::move(*parsed));
    }
    return overrides;
}

Result<Config> parse_config(std::string const& text, std::string const& file_name,
                            std::vector<ConfigOverride> const& overrides, fs::path const& home) {
    if (text.size() > limits::config_file_bytes)
        return fail(Fault::config, file_name + ": over 1 MiB");
    Config config;
    auto const read = [&config](std::string const& toml, Source const& source) -> Status {
        auto const table = parse_toml(toml, source);
        if (!table) return fail(table.error());
        return Reader(source, config).read(*table);
    };
    if (auto done = read(text, {file_name, Fault::config, true}); !done) return fail(done.error());
    for (ConfigOverride const& setting : overrides) {
        auto done = read(assignment_of(setting), {"--set " + setting.key, Fault::usage, false});
        if (!done) return fail(done.error());
    }
    if (config.gateway.retry_first > config.gateway.retry_max) {
        return fail(Fault::config,
                    file_name + ": gateway.retry_first is longer than gateway.retry_max");
    }
    fill_defaults(config, home);
    return config;
}

namespace {

fs::path file_in(fs::path const& home) {
    return home / "satchel.toml";
}

}  // namespace

Result<std::string> read_config(fs::path const& home) {
    auto const bytes = read_whole_file(file_in(home), limits::config_file_bytes);
    if (bytes) return std::string(text_of(*bytes));
    if (bytes.error().fault == Fault::not_found) return "";
    return fail(Fault::config, bytes.error().what);
}

Result<Config> parse_config_of(fs::path const& home, std::string const& text,
                               std::vector<ConfigOverride> const& overrides) {
    return parse_config(text, file_in(home).string(), overrides, home);
}

Result<Config> load_config(fs::path const& home, std::vector<ConfigOverride> const& overrides) {
    auto const text = read_config(home);
    if (!text) return fail(text.error());
    return parse_config_of(home, *text, overrides);
}

std::string config_template() {
    std::string text =
        "# Settings of this Satchel home. Every key may be left out: the values shown are the "
        "defaults.\n"
        "# Sizes are bytes or \"64 KiB\", \"5 GB\"; durations \"30s\", \"10m\", \"1h\", \"5d\".\n";
    std::string_view section;
    for (ConfigKey const& key : config_keys()) {
        if (key.section != section) text += "\n#" + title_of(key.section) + '\n';
        section = key.section;
        text += "# " + std::string(key.explanation) + '\n';
        text += '#' + std::string(key.name) + " = " + std::string(key.default_text) + '\n';
    }
    return text;
}

}  // namespace satchel
