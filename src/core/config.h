// satchel.toml: what a person sets. Unknown keys are refused, errors tell file, line, and what is
// allowed.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "src/base/result.h"
#include "src/core/accept_policy.h"
#include "src/core/address.h"
#include "src/core/endpoint.h"
#include "src/core/keys.h"
#include "src/core/lookup_report.h"

namespace satchel {

/// Whether peers may know where a node is.
enum class Expose {
    open,      ///< its endpoints are in its presence record
    pull_only  ///< it publishes none, and goes for what is waiting
};

struct NodeSettings {
    Endpoint control_listen{"0.0.0.0", 7473};
    std::optional<Endpoint> swarm_listen{{"0.0.0.0", 7474}};  ///< none: no swarm
    Endpoint dht_listen{"0.0.0.0", 7475};
    std::vector<Endpoint> dht_bootstrap;
    std::uint32_t dht_network = 7473;
    Expose expose = Expose::open;
    std::vector<Address> serves;         ///< others whose storage records name this node
    std::vector<std::string> advertise;  ///< IP addresses or endpoints; empty: the interfaces'
    std::filesystem::path storage_dir;   ///< default <home>/storage
    std::uint64_t quota = 50ULL << 30;   ///< bytes
    std::uint64_t quota_per_sender = 5ULL << 30;
    std::uint64_t accept_max = 10ULL << 30;
    std::uint64_t min_copies = 1;    ///< of the user's nodes that are to hold each blob
    std::uint64_t upload_limit = 0;  ///< bytes of blobs a second; 0: none
    std::uint64_t download_limit = 0;
    AcceptFrom accept_from = AcceptFrom::attested;
    bool allow_private_endpoints = false;
    std::string incoming_gateway;  ///< "host:port", "" none
    std::optional<NodeKey> incoming_gateway_key;
    std::string page;  ///< https base for placeholders; "" none
};

/// What becomes of attachments whose storage is away.
enum class WhenUnavailable {
    escrow,  ///< kept until it is back
    full     ///< the message goes in full
};

struct GatewaySettings {
    Endpoint smtp_listen{"127.0.0.1", 10025};
    std::optional<Endpoint> lmtp_listen;  ///< default 127.0.0.1:10024 where inbound_next_hop is set
    std::string helo;                     ///< default: the host's name
    std::string next_hop;                 ///< default maildir:<home>/mail/{recipient}
    std::string inbound_next_hop;         ///< "": as next_hop
    std::string next_hop_user;            ///< "": not asked
    std::filesystem::path next_hop_password_file;  ///< "": the environment
    std::filesystem::path next_hop_ca_file;        ///< "": the system's CAs
    std::uint64_t detach_min = 64 << 10;           ///< bytes, decoded
    std::vector<std::string> never_detach_types;
    bool always_on = true;
    /// None: escrow where the gateway is always on.
    std::optional<WhenUnavailable> unavailable;
    std::chrono::seconds retry_first{30};
    std::chrono::seconds retry_max{3600};
    std::chrono::seconds give_up_after{5 * 24 * 3600};
    std::filesystem::path spool_dir;           ///< default <home>/spool
    std::uint64_t escrow_quota = 20ULL << 30;  ///< bytes
    std::uint64_t message_max = 16ULL << 30;   ///< bytes

    /// A gateway that sleeps must not keep what others wait for.
    bool may_escrow() const {
        return always_on &&
               unavailable.value_or(WhenUnavailable::escrow) == WhenUnavailable::escrow;
    }
};

struct TrustSettings {
    Trust minimum = Trust::domain;
    bool asks_dns = true;                 ///< false: only the settings tell domain keys
    std::optional<Endpoint> resolver;     ///< none: those of the system
    bool dnssec = true;                   ///< false: no signature is looked at
    std::filesystem::path dnssec_anchor;  ///< "": the system's, if it has one
};

struct DomainSettings {
    std::vector<DomainKey> keys;
    std::vector<PublicKey> gateway_keys;
    std::string gateway;  ///< control endpoint, "host:port"; "" none

    /// For the gateway that binds this domain's users.
    static constexpr std::uint64_t binding_days = 365;
    std::filesystem::path bindings_file;    ///< signed by the admin elsewhere; "": the key is here
    std::vector<std::string> never_enroll;  ///< local parts
    std::string subaddress;                 ///< "" or "+"
};

/// The node's page.
struct WebSettings {
    std::optional<Endpoint> listen{{"127.0.0.1", 7480}};  ///< none: no page
};

struct MetricsSettings {
    std::optional<Endpoint> listen;  ///< loopback; none: no metrics
};

struct Config {
    NodeSettings node;
    GatewaySettings gateway;
    TrustSettings trust;
    WebSettings web;
    MetricsSettings metrics;
    std::map<std::string, DomainSettings> domains;  ///< by domain in A-labels
};

/// One `--set KEY=VALUE`: KEY is a TOML dotted key; VALUE is TOML if it parses as TOML, else a
/// string.
struct ConfigOverride {
    std::string key;
    std::string value;
};

Result<ConfigOverride> parse_override(std::string const& argument);
Result<std::vector<ConfigOverride>> parse_overrides(std::vector<std::string> const& arguments);

/// The text of a file (named in errors), with overrides on top. `home` fills defaults.
Result<Config> parse_config(std::string const& text, std::string const& file_name,
                            std::vector<ConfigOverride> const& overrides,
                            std::filesystem::path const& home);

/// The text of `<home>/satchel.toml`; a missing file counts as empty.
Result<std::string> read_config(std::filesystem::path const& home);
/// As parse_config, of what read_config gave.
Result<Config> parse_config_of(std::filesystem::path const& home, std::string const& text,
                               std::vector<ConfigOverride> const& overrides);
/// Both.
Result<Config> load_config(std::filesystem::path const& home,
                           std::vector<ConfigOverride> const& overrides);

/// What `init` writes: every section and key, commented out, with its default and one line of
/// explanation.
std::string config_template();

/// "64 KiB", "5 GB", "1 B", or a plain number of bytes.
Result<std::uint64_t> parse_size(std::string_view text);
/// "30s", "5d", "1h", "10m".
Result<std::chrono::seconds> parse_duration(std::string_view text);

}  // namespace satchel
