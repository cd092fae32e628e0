#include "src/core/config_keys.h"

#include <algorithm>
#include <array>
#include <limits>

#include "src/core/address.h"
#include "src/core/config_value.h"
#include "src/core/limits.h"

namespace satchel {

namespace {

/// An IP address, or one with a port.
Result<std::string> parse_advertised(std::string const& text) {
    if (auto const endpoint = Endpoint::parse(text)) return endpoint->to_string();
    bool const six = text.find(':') != std::string::npos;
    auto const alone = Endpoint::parse((six ? '[' + text + ']' : text) + ":1");
    if (alone) return alone->ip;
    return fail(Fault::usage, '"' + text +
                                  "\" is not an IP address, or one with a port, such as "
                                  "192.0.2.1 or 192.0.2.1:7473");
}

Result<std::string> parse_page(std::string const& text) {
    bool const printable =
        std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
    bool const https = text.starts_with("https://") && text.size() > 8;
    if ((!text.empty() && !https) || !printable || text.size() > limits::page_octets)
        return fail(Fault::usage, "a base such as https://mail.example.net/satchel of at most " +
                                      std::to_string(limits::page_octets) +
                                      " octets is wanted, or \"\"");
    return text;
}

Result<std::string> parse_helo(std::string const& text) {
    if (text.empty()) return text;
    if (!text.starts_with('[')) return normal_domain(text);
    auto const literal = Address::parse("postmaster@" + text);
    if (!literal) return fail(literal.error());
    return literal->domain();
}

Result<std::string> parse_next_hop(std::string const& text) {
    for (std::string_view const scheme :
         {"smtp://", "smtps://", "smtp+starttls://", "lmtp://", "lmtp+unix://", "maildir:"})
        if (text.starts_with(scheme) && text.size() > scheme.size()) return text;
    return fail(Fault::usage,
                "\"smtp://HOST:PORT\", \"smtps://HOST:PORT\", \"smtp+starttls://HOST:PORT\", "
                "\"lmtp://HOST:PORT\", \"lmtp+unix:///path\" or \"maildir:/path/{recipient}\" is "
                "wanted");
}

Result<std::string> parse_inbound_next_hop(std::string const& text) {
    return text.empty() ? Result<std::string>(text) : parse_next_hop(text);
}

Result<std::string> parse_media_type(std::string const& text) {
    auto const slash = text.find('/');
    bool const good = slash != std::string::npos && slash > 0 && slash + 1 < text.size() &&
                      text.find('/', slash + 1) == std::string::npos &&
                      text.find_first_of(" ;\t") == std::string::npos;
    if (!good)
        return fail(Fault::usage,
                    '"' + text + "\" is not a media type such as application/zip or image/*");
    std::string out = text;
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

Result<WhenUnavailable> parse_when_unavailable(std::string const& text) {
    if (text == "escrow") return WhenUnavailable::escrow;
    if (text == "full") return WhenUnavailable::full;
    return fail(Fault::usage, "\"escrow\" or \"full\" is wanted");
}

Result<Trust> parse_minimum(std::string const& text) {
    auto trust = parse_trust(text);
    if (trust && *trust >= Trust::first_seen) return trust;
    return fail(Fault::usage, "\"domain\", \"pinned\" or \"first-seen\" is wanted");
}

Status take_resolver(ConfigValue const& value, TrustSettings& out) {
    std::string text;
    if (auto taken = take_text(value, text); !taken) return taken;
    auto const endpoint = Endpoint::parse(text);
    if (text != "system" && text != "none" && !endpoint)
        return fail(Fault::usage,
                    "\"system\", \"none\", or a DNS server such as \"192.0.2.1:53\" is wanted");
    out.asks_dns = text != "none";
    out.resolver = endpoint ? std::optional(*endpoint) : std::nullopt;
    return {};
}

Status take_anchor(ConfigValue const& value, TrustSettings& out) {
    std::string text;
    if (auto taken = take_text(value, text); !taken) return taken;
    out.dnssec = text != "none";
    out.dnssec_anchor = out.dnssec ? text : "";
    return {};
}

Status take_page_listen(ConfigValue const& value, WebSettings& out) {
    std::string text;
    if (auto taken = take_text(value, text); !taken) return taken;
    out.listen.reset();
    return text.empty() ? Status() : take_listen(value, out.listen.emplace());
}

Status take_metrics_listen(ConfigValue const& value, MetricsSettings& out) {
    std::string text;
    if (auto taken = take_text(value, text); !taken) return taken;
    if (text.empty()) {
        out.listen.reset();
        return {};
    }
    auto const endpoint = Endpoint::parse(text, Endpoint::ZeroPort::allow);
    if (!endpoint) return fail(endpoint.error());
    if (!endpoint->is_loopback())
        return fail(Fault::usage, "a loopback address such as 127.0.0.1:7481 is wanted");
    out.listen = *endpoint;
    return {};
}

Result<Expose> parse_expose(std::string const& text) {
    if (text == "open") return Expose::open;
    if (text == "pull-only") return Expose::pull_only;
    return fail(Fault::usage, "\"open\" or \"pull-only\" is wanted");
}

Result<std::string> parse_subaddress(std::string const& text) {
    if (text.empty() || text == "+") return text;
    return fail(Fault::usage, "\"\" or \"+\" is wanted");
}

using V = ConfigValue const&;
using T = ConfigTarget;

constexpr std::array all_keys = {
    ConfigKey{"node", "control_listen", "\"0.0.0.0:7473\"",
              "Where peers reach this node (TCP). Port 0 picks a free one.",
              [](V v, T t) { return take_listen(v, t.config.node.control_listen); }},
    ConfigKey{"node", "swarm_listen", "\"0.0.0.0:7474\"",
              "Where nodes that get the same blob pass it on to each other (TCP); \"none\": not "
              "here.",
              [](V v, T t) {
                  t.config.node.swarm_listen.reset();
                  auto const* const word = std::get_if<std::string>(&v);
                  if (word != nullptr && *word == "none") return Status();
                  return take_listen(v, t.config.node.swarm_listen.emplace());
              }},
    ConfigKey{"node", "dht_listen", "\"0.0.0.0:7475\"", "Where the DHT listens (UDP).",
              [](V v, T t) { return take_listen(v, t.config.node.dht_listen); }},
    ConfigKey{"node", "dht_bootstrap", "[]",
              "DHT nodes to begin with, such as [\"192.0.2.1:7475\"]. None: this node waits for "
              "others.",
              [](V v, T t) {
                  return take_list(v, t.config.node.dht_bootstrap,
                                   [](auto const& text) { return Endpoint::parse(text); });
              }},
    ConfigKey{"node", "dht_network", "7473",
              "Number of the DHT network. Nodes of other numbers do not meet.",
              [](V v, T t) {
                  return take_number(v, 0, std::numeric_limits<std::uint32_t>::max(),
                                     t.config.node.dht_network);
              }},
    ConfigKey{
        "node", "expose", "\"open\"",
        "\"open\": peers may know where this node is. \"pull-only\": it publishes no address, "
        "and fetches what is for it.",
        [](V v, T t) { return take_parsed(v, t.config.node.expose, parse_expose); }},
    ConfigKey{"node", "serves", "[]",
              "Addresses of others whose storage records name this node, such as "
              "[\"bob@example.test\"].",
              [](V v, T t) {
                  return take_list(v, t.config.node.serves,
                                   [](auto const& text) { return Address::parse(text); });
              }},
    ConfigKey{"node", "advertise", "[]",
              "Addresses to tell peers, such as [\"192.0.2.1\"]. None: the one that DHT peers see, "
              "and the interfaces'.",
              [](V v, T t) { return take_list(v, t.config.node.advertise, parse_advertised); }},
    ConfigKey{"node", "storage_dir", "\"storage\"",
              "Where blobs are kept. A relative folder stands below this home.",
              [](V v, T t) { return take_parsed(v, t.config.node.storage_dir, parse_folder); }},
    ConfigKey{"node", "quota", "\"50 GiB\"", "Most that is stored here, in all.",
              [](V v, T t) { return take_size(v, t.config.node.quota); }},
    ConfigKey{"node", "quota_per_sender", "\"5 GiB\"", "Most that one sender may fill.",
              [](V v, T t) { return take_size(v, t.config.node.quota_per_sender); }},
    ConfigKey{"node", "accept_max", "\"10 GiB\"", "Largest single blob that is taken.",
              [](V v, T t) { return take_size(v, t.config.node.accept_max); }},
    ConfigKey{"node", "upload_limit", "0",
              "Most that goes out a second, such as \"20 MB\", of all blobs together. 0: no limit.",
              [](V v, T t) { return take_size(v, t.config.node.upload_limit); }},
    ConfigKey{"node", "download_limit", "0", "The same for what comes in.",
              [](V v, T t) { return take_size(v, t.config.node.download_limit); }},
    ConfigKey{"node", "accept_from", "\"attested\"",
              "Whose offers are taken: \"anyone\", \"attested\" (senders their domain vouches for) "
              "or \"contacts\".",
              [](V v, T t) {
                  return take_parsed(v, t.config.node.accept_from,
                                     [](auto const& text) { return parse_accept_from(text); });
              }},
    ConfigKey{"node", "min_copies", "1",
              "On how many of your nodes each attachment is to be: 1 to 3.",
              [](V v, T t) {
                  return take_number(v, 1, limits::storage_nodes, t.config.node.min_copies);
              }},
    ConfigKey{"node", "allow_private_endpoints", "false",
              "Dial loopback and private addresses that a peer names, outside our own subnets.",
              [](V v, T t) { return take_flag(v, t.config.node.allow_private_endpoints); }},
    ConfigKey{
        "node", "incoming_gateway", "\"\"",
        "Gateway that keeps attachments while this node is off: \"HOST:PORT\".",
        [](V v, T t) { return take_parsed(v, t.config.node.incoming_gateway, parse_host_port); }},
    ConfigKey{"node", "incoming_gateway_key", "\"\"", "Node key of that gateway.",
              [](V v, T t) {
                  return take_parsed(v, t.config.node.incoming_gateway_key, parse_optional_key);
              }},
    ConfigKey{"node", "page", "\"\"",
              "https base of the page where the owner opens files; written into placeholders.",
              [](V v, T t) { return take_parsed(v, t.config.node.page, parse_page); }},

    ConfigKey{"gateway", "smtp_listen", "\"127.0.0.1:10025\"",
              "Where the gateway takes outgoing mail (SMTP).",
              [](V v, T t) { return take_listen(v, t.config.gateway.smtp_listen); }},
    ConfigKey{"gateway", "lmtp_listen", "\"127.0.0.1:10024\"",
              "Where it takes incoming mail (LMTP): there once this or inbound_next_hop is set.",
              [](V v, T t) { return take_listen(v, t.config.gateway.lmtp_listen.emplace()); }},
    ConfigKey{"gateway", "helo", "\"\"",
              "Name the gateway gives itself in SMTP. \"\": the host's name.",
              [](V v, T t) { return take_parsed(v, t.config.gateway.helo, parse_helo); }},
    ConfigKey{"gateway", "next_hop", "\"maildir:mail/{recipient}\"",
              "Where mail goes on to: \"smtp://HOST:PORT\", \"smtps://…\", \"smtp+starttls://…\", "
              "\"lmtp://…\", \"lmtp+unix:///path\" or \"maildir:/path/{recipient}\".",
              [](V v, T t) { return take_parsed(v, t.config.gateway.next_hop, parse_next_hop); }},
    ConfigKey{"gateway", "next_hop_user", "\"\"",
              "Who we are to next_hop, if it wants to know (smtps or smtp+starttls only).",
              [](V v, T t) { return take_text(v, t.config.gateway.next_hop_user); }},
    ConfigKey{
        "gateway", "next_hop_password_file", "\"\"",
        "A file only its owner can read, with the password. \"\": SATCHEL_NEXT_HOP_PASSWORD in "
        "the environment.",
        [](V v, T t) { return take_file(v, t.config.gateway.next_hop_password_file); }},
    ConfigKey{"gateway", "next_hop_ca_file", "\"\"",
              "Certificates (PEM) of who vouches for next hops. \"\": those of the system.",
              [](V v, T t) { return take_file(v, t.config.gateway.next_hop_ca_file); }},
    ConfigKey{"gateway", "inbound_next_hop", "\"\"",
              "Where mail that came by LMTP goes on to, written as next_hop. \"\": as next_hop.",
              [](V v, T t) {
                  return take_parsed(v, t.config.gateway.inbound_next_hop, parse_inbound_next_hop);
              }},
    ConfigKey{"gateway", "detach_min", "\"64 KiB\"", "Smallest attachment that is detached.",
              [](V v, T t) { return take_size(v, t.config.gateway.detach_min); }},
    ConfigKey{"gateway", "never_detach_types", "[]",
              "Media types that stay in the mail, such as [\"application/zip\", \"image/*\"].",
              [](V v, T t) {
                  return take_list(v, t.config.gateway.never_detach_types, parse_media_type);
              }},
    ConfigKey{"gateway", "unavailable", "\"escrow\"",
              "Attachments for a storage that is away: kept until it is back (\"escrow\", where "
              "always_on), or sent in full (\"full\").",
              [](V v, T t) {
                  return take_parsed(v, t.config.gateway.unavailable, parse_when_unavailable);
              }},
    ConfigKey{"gateway", "always_on", "true",
              "Whether this machine runs day and night, and so may keep attachments for others.",
              [](V v, T t) { return take_flag(v, t.config.gateway.always_on); }},
    ConfigKey{"gateway", "retry_first", "\"30s\"", "Wait before a failed delivery is tried again.",
              [](V v, T t) { return take_duration(v, t.config.gateway.retry_first); }},
    ConfigKey{"gateway", "retry_max", "\"1h\"", "Longest wait between two tries.",
              [](V v, T t) { return take_duration(v, t.config.gateway.retry_max); }},
    ConfigKey{"gateway", "give_up_after", "\"5d\"", "How long a delivery is tried.",
              [](V v, T t) { return take_duration(v, t.config.gateway.give_up_after); }},
    ConfigKey{"gateway", "spool_dir", "\"spool\"",
              "Where mail waits. A relative folder stands below this home.",
              [](V v, T t) { return take_parsed(v, t.config.gateway.spool_dir, parse_folder); }},
    ConfigKey{"gateway", "escrow_quota", "\"20 GiB\"",
              "Most that is kept for storages that are away. Beyond it mail goes in full.",
              [](V v, T t) { return take_size(v, t.config.gateway.escrow_quota); }},
    ConfigKey{"gateway", "message_max", "\"16 GiB\"", "Largest message that is taken.",
              [](V v, T t) { return take_size(v, t.config.gateway.message_max); }},

    ConfigKey{"trust", "minimum", "\"domain\"",
              "Who must vouch for a storage record: \"domain\" (the recipient's domain), "
              "\"pinned\" (you), or nobody but the first to come (\"first-seen\").",
              [](V v, T t) { return take_parsed(v, t.config.trust.minimum, parse_minimum); }},
    ConfigKey{"trust", "resolver", "\"system\"",
              "Who is asked for domain keys: the DNS servers of this system, one such as "
              "\"192.0.2.1:53\", or \"none\".",
              [](V v, T t) { return take_resolver(v, t.config.trust); }},
    ConfigKey{"trust", "dnssec_anchor", "\"\"",
              "File with DS or DNSKEY records to check DNS answers by; \"\": the system's, if it "
              "has one; \"none\": answers are not checked.",
              [](V v, T t) { return take_anchor(v, t.config.trust); }},

    ConfigKey{"web", "listen", "\"127.0.0.1:7480\"",
              "Where this node's page is, for `satchel open`. Port 0 picks a free one; \"\": no "
              "page.",
              [](V v, T t) { return take_page_listen(v, t.config.web); }},

    ConfigKey{"metrics", "listen", "\"\"",
              "Where Prometheus reads figures of node and gateway, such as \"127.0.0.1:7481\": "
              "loopback only. \"\": nowhere.",
              [](V v, T t) { return take_metrics_listen(v, t.config.metrics); }},

    ConfigKey{domain_section, "keys", "[]",
              "Domain keys, in base64: what `satchel domain init` printed as public_key.",
              [](V v, T t) {
                  return take_list(v, t.domain->keys,
                                   [](auto const& text) { return DomainKey::parse(text); });
              }},
    ConfigKey{domain_section, "gateway_keys", "[]",
              "Node keys of the domain's gateways, which may sign offers for its senders.",
              [](V v, T t) {
                  return take_list(v, t.domain->gateway_keys,
                                   [](auto const& text) { return PublicKey::parse(text); });
              }},
    ConfigKey{
        domain_section, "bindings_file", "\"\"",
        "For the domain's gateway where the domain key is kept elsewhere: a file of lines that "
        "`satchel domain bind` printed there.",
        [](V v, T t) { return take_file(v, t.domain->bindings_file); }},
    ConfigKey{domain_section, "never_enroll", "[]",
              "For the domain's gateway: local parts that are lists or aliases, such as "
              "[\"team\"]. Roles such as postmaster never enroll.",
              [](V v, T t) { return take_texts(v, t.domain->never_enroll); }},
    ConfigKey{domain_section, "subaddress", "\"\"",
              "For the domain's gateway: \"+\" where mail to user+tag@ goes to user@.",
              [](V v, T t) { return take_parsed(v, t.domain->subaddress, parse_subaddress); }},
    ConfigKey{domain_section, "gateway", "\"\"",
              "Control endpoint of the domain's gateway: \"HOST:PORT\".",
              [](V v, T t) { return take_parsed(v, t.domain->gateway, parse_host_port); }},
};

}  // namespace

std::span<ConfigKey const> config_keys() {
    return all_keys;
}

}  // namespace satchel
