#include "src/core/config.h"

#include <fstream>

#include <doctest/doctest.h>

#include "src/core/config_keys.h"
#include "tests/support/temp_folder.h"

using namespace satchel;

namespace {

std::string const key_a(43, 'A');  // with "=": 32 zero bytes

Result<Config> parse(std::string const& text, std::vector<std::string> const& settings = {}) {
    std::vector<ConfigOverride> overrides;
    for (std::string const& setting : settings) {
        auto parsed = parse_override(setting);
        if (!parsed) return fail(parsed.error());
        overrides.push_back(*parsed);
    }
    return parse_config(text, "satchel.toml", overrides, "/home/bob/s");
}

void check_defaults(Config const& config) {
    CHECK(config.node.control_listen.to_string() == "0.0.0.0:7473");
    CHECK(config.node.swarm_listen->to_string() == "0.0.0.0:7474");
    CHECK(config.node.dht_listen.to_string() == "0.0.0.0:7475");
    CHECK(config.node.dht_bootstrap.empty());
    CHECK(config.node.dht_network == 7473);
    CHECK(config.node.advertise.empty());
    CHECK(config.node.storage_dir == "/home/bob/s/storage");
    CHECK(config.node.quota == 50ULL << 30);
    CHECK(config.node.quota_per_sender == 5ULL << 30);
    CHECK(config.node.accept_max == 10ULL << 30);
    CHECK(config.node.min_copies == 1);
    CHECK(config.node.accept_from == AcceptFrom::attested);
    CHECK_FALSE(config.node.allow_private_endpoints);
    CHECK(config.node.page.empty());
    CHECK(config.gateway.smtp_listen.to_string() == "127.0.0.1:10025");
    CHECK_FALSE(config.gateway.helo.empty());
    CHECK(config.gateway.next_hop == "maildir:/home/bob/s/mail/{recipient}");
    CHECK(config.gateway.detach_min == 64 * 1024);
    CHECK(config.gateway.never_detach_types.empty());
    CHECK(config.gateway.retry_first == std::chrono::seconds(30));
    CHECK(config.gateway.retry_max == std::chrono::hours(1));
    CHECK(config.gateway.give_up_after == std::chrono::hours(120));
    CHECK(config.gateway.spool_dir == "/home/bob/s/spool");
    CHECK(config.gateway.message_max == 16ULL << 30);
    CHECK(config.trust.minimum == Trust::domain);
}

/// The template as it is when a person takes away the # before every section and key.
std::string uncommented(std::string text) {
    for (std::size_t at = text.find("\n#"); at != std::string::npos; at = text.find("\n#", at + 1))
        if (text.compare(at, 3, "\n# ") != 0) text.erase(at + 1, 1);
    return text;
}

}  // namespace

TEST_CASE("config: an empty file is all defaults") {
    auto const config = parse("");
    REQUIRE(config);
    check_defaults(*config);
    CHECK(config->domains.empty());
}

TEST_CASE("config: incoming mail is taken once it is known where it goes, or where it comes in") {
    CHECK_FALSE(parse("")->gateway.lmtp_listen);
    auto const hop = parse("[gateway]\ninbound_next_hop = \"maildir:in/{recipient}\"");
    REQUIRE(hop);
    REQUIRE(hop->gateway.lmtp_listen);
    CHECK(hop->gateway.lmtp_listen->to_string() == "127.0.0.1:10024");
    CHECK(hop->gateway.inbound_next_hop == "maildir:/home/bob/s/in/{recipient}");
    auto const listen = parse("[gateway]\nlmtp_listen = \"127.0.0.1:0\"");
    REQUIRE(listen);
    CHECK(listen->gateway.lmtp_listen->port == 0);
    CHECK(listen->gateway.inbound_next_hop.empty());
}

TEST_CASE("config: the template changes nothing, with its marks or without them") {
    auto const commented = parse(config_template());
    REQUIRE(commented);
    check_defaults(*commented);
    CHECK(commented->domains.empty());

    auto const open = parse(uncommented(config_template()));
    REQUIRE_MESSAGE(open, (open ? "" : open.error().what));
    check_defaults(*open);
    REQUIRE(open->domains.size() == 1);
    CHECK(open->domains.at("example.test").keys.empty());
    for (ConfigKey const& key : config_keys())
        CHECK(config_template().find('\n' + ('#' + std::string(key.name)) + " = ") !=
              std::string::npos);
}

TEST_CASE("config: every key is taken") {
    auto const good = parse(R"(
[node]
control_listen = "127.0.0.1:0"
swarm_listen = "none"
dht_listen = "[::]:9"
dht_bootstrap = ["192.0.2.1:7475", "[2001:db8::1]:7475"]
dht_network = 1
advertise = ["192.0.2.1", "2001:DB8::1", "192.0.2.1:7"]
storage_dir = "/srv/blobs"
quota = 123
quota_per_sender = "1 MiB"
accept_max = "2 KB"
min_copies = 2
upload_limit = "20 MB"
download_limit = 1000
accept_from = "anyone"
allow_private_endpoints = true
page = "https://b.test/s"
[gateway]
smtp_listen = "127.0.0.1:2525"
helo = "Mail.B.test"
lmtp_listen = "127.0.0.1:2424"
next_hop = "smtp+starttls://mail.a.test"
next_hop_user = "alice"
next_hop_password_file = "password"
next_hop_ca_file = "/etc/ca.pem"
inbound_next_hop = "lmtp+unix:///run/lmtp"
detach_min = 0
never_detach_types = ["Application/ZIP", "image/*"]
retry_first = "1s"
retry_max = "2m"
give_up_after = "1h"
spool_dir = "queue"
message_max = "1 GiB"
[trust]
minimum = "pinned"
[domain."B\u00fccher.test"]
keys = [")" + key_a + R"(="]
gateway_keys = [")" + key_a +
                            R"(="]
)");
    REQUIRE_MESSAGE(good, (good ? "" : good.error().what));
    NodeSettings const& node = good->node;
    CHECK(node.control_listen.to_string() == "127.0.0.1:0");
    CHECK_FALSE(node.swarm_listen);
    CHECK(node.dht_listen.to_string() == "[::]:9");
    REQUIRE(node.dht_bootstrap.size() == 2);
    CHECK(node.dht_bootstrap[1].to_string() == "[2001:db8::1]:7475");
    CHECK(node.dht_network == 1);
    CHECK(node.advertise == std::vector<std::string>{"192.0.2.1", "2001:db8::1", "192.0.2.1:7"});
    CHECK(node.storage_dir == "/srv/blobs");
    CHECK(node.quota == 123);
    CHECK(node.quota_per_sender == 1 << 20);
    CHECK(node.accept_max == 2'000);
    CHECK(node.min_copies == 2);
    CHECK(node.upload_limit == 20'000'000);
    CHECK(node.download_limit == 1'000);
    CHECK(node.accept_from == AcceptFrom::anyone);
    CHECK(node.allow_private_endpoints);
    CHECK(node.page == "https://b.test/s");
    GatewaySettings const& gateway = good->gateway;
    CHECK(gateway.smtp_listen.to_string() == "127.0.0.1:2525");
    CHECK(gateway.helo == "mail.b.test");
    REQUIRE(gateway.lmtp_listen);
    CHECK(gateway.lmtp_listen->to_string() == "127.0.0.1:2424");
    CHECK(gateway.next_hop == "smtp+starttls://mail.a.test");
    CHECK(gateway.next_hop_user == "alice");
    CHECK(gateway.next_hop_password_file == "/home/bob/s/password");
    CHECK(gateway.next_hop_ca_file == "/etc/ca.pem");
    CHECK(gateway.inbound_next_hop == "lmtp+unix:///run/lmtp");
    CHECK(gateway.detach_min == 0);
    CHECK(gateway.never_detach_types == std::vector<std::string>{"application/zip", "image/*"});
    CHECK(gateway.retry_first == std::chrono::seconds(1));
    CHECK(gateway.retry_max == std::chrono::minutes(2));
    CHECK(gateway.give_up_after == std::chrono::hours(1));
    CHECK(gateway.spool_dir == "/home/bob/s/queue");
    CHECK(gateway.message_max == 1ULL << 30);
    CHECK(good->trust.minimum == Trust::pinned);
    DomainSettings const& domain = good->domains.at("xn--bcher-kva.test");
    CHECK(domain.keys.size() == 1);
    CHECK(domain.gateway_keys.size() == 1);
}

TEST_CASE("config: errors tell file, line, column, and what is allowed") {
    struct Row {
        std::string text;
        std::string said;
    };

    for (Row const& row : {
             Row{"[node]\nquota = \n", "satchel.toml:2:"},
             Row{"[node]\n\n  kontrol_listen = \"x\"",
                 "satchel.toml:3:3: unknown key node.kontrol_listen; allowed in [node]: "
                 "control_listen, swarm_listen, dht_listen, dht_bootstrap"},
             Row{"[nod]\nquota = 1",
                 "satchel.toml:1:2: unknown section [nod]; allowed: [node], "
                 "[gateway], [trust], [web], [metrics], [domain.\"example.test\"]"},
             Row{"quota = 1", "satchel.toml:1:1: quota stands in no section; allowed: [node]"},
             Row{"node = 1", "satchel.toml:1:1: node stands in no section"},
             Row{"domain = 1", "satchel.toml:1:1: domain stands in no section"},
             Row{"[domain.b.test]\nkeys = []",
                 "satchel.toml:1:11: unknown key domain.\"b\".test; allowed in [domain.\"b\"]: "
                 "keys, gateway_keys"},
             Row{"[domain]\nkeys = []", "satchel.toml:2:1: [domain.\"example.test\"] is wanted"},
             Row{"[domain.\"b..test\"]", "satchel.toml:1:9: [domain.\"b..test\"]: not a valid"},
             Row{"[domain.\"b.test\"]\n[domain.\"B.test\"]", "twice, as b.test"},
             Row{"[node]\nquota = \"5 XB\"",
                 "satchel.toml:2:9: node.quota: \"5 XB\" is not a size"},
             Row{"[node]\nquota = -1", "satchel.toml:2:9: node.quota: a size is wanted"},
             Row{"[node]\nquota = 1.5", "node.quota: a value like \"50 GiB\" is wanted"},
             Row{"[node]\nquota = true", "node.quota: a size is wanted"},
             Row{"[node]\nquota = {}", "node.quota: a value like"},
             Row{"[node]\ncontrol_listen = 7473", "control_listen: a string in quotes is wanted"},
             Row{"[node]\ncontrol_listen = \"localhost:1\"",
                 "\"localhost:1\" is not an IP address"},
             Row{"[node]\ndht_bootstrap = [\"192.0.2.1:0\"]", "port 0 cannot be dialled"},
             Row{"[node]\ndht_bootstrap = [1]", "dht_bootstrap: a value like [] is wanted"},
             Row{"[node]\ndht_bootstrap = true", "a list of strings is wanted"},
             Row{"[node]\ndht_network = 4294967296", "a number from 0 to 4294967295"},
             Row{"[node]\nmin_copies = 0", "a number from 1 to 3 is wanted"},
             Row{"[node]\nmin_copies = 4", "a number from 1 to 3 is wanted"},
             Row{"[node]\nmin_copies = \"2\"", "a number from 1 to 3 is wanted"},
             Row{"[node]\nadvertise = [\"b.test\"]", "\"b.test\" is not an IP address"},
             Row{"[node]\naccept_from = \"all\"", "none of: anyone, attested, contacts"},
             Row{"[node]\nallow_private_endpoints = \"yes\"", "true or false is wanted"},
             Row{"[node]\npage = \"http://b.test\"", "a base such as https://"},
             Row{"[node]\npage = \"https://b.test/a b\"", "a base such as https://"},
             Row{"[node]\nstorage_dir = \"\"", "a folder is wanted"},
             Row{"[node]\nstorage_dir = \"a\\u0000b\"", "no control characters"},
             Row{"[gateway]\nhelo = \"a b\"", "gateway.helo: not a valid domain"},
             Row{"[gateway]\nnext_hop = \"imap://x\"", "\"smtp://HOST:PORT\", \"smtps://"},
             Row{"[gateway]\nnext_hop = \"maildir:\"", "or \"maildir:/path/{recipient}\" is"},
             Row{"[gateway]\ninbound_next_hop = \"x\"", "inbound_next_hop: \"smtp://HOST:PORT\","},
             Row{"[gateway]\nlmtp_listen = \"x\"", "gateway.lmtp_listen: "},
             Row{"[gateway]\nnever_detach_types = [\"zip\"]", "is not a media type"},
             Row{"[gateway]\nretry_first = 30", "a duration is wanted"},
             Row{"[gateway]\nretry_first = \"0s\"", "a duration over 0 is wanted"},
             Row{"[gateway]\nretry_first = \"2h\"", "retry_first is longer than"},
             Row{"[trust]\nminimum = \"none\"",
                 "\"domain\", \"pinned\" or \"first-seen\" is wanted"},
             Row{"[trust]\nresolver = \"dns.example.net:53\"", "\"192.0.2.1:53\" is wanted"},
             Row{"[trust]\nresolver = \"192.0.2.1\"", "\"192.0.2.1:53\" is wanted"},
             Row{"[trust]\nresolver = \"\"", "\"192.0.2.1:53\" is wanted"},
             Row{"[trust]\nresolver = 53", "a string"},
             Row{"[trust]\ndnssec_anchor = true", "a string"},
             Row{"[domain.\"b.test\"]\ngateway = \"b.test\"", "\"HOST:PORT\" is wanted"},
             Row{"[domain.\"b.test\"]\nkeys = [\"AAAA\"]", "satchel.toml:2:8: domain.\"b.test\""},
             Row{"[page]\nlisten = \"127.0.0.1:1\"", "unknown section [page]"},
             Row{"[web]\nlisten = \"7480\"", "web.listen: "},
             Row{"[web]\nlisten = 7480", "a string"},
             Row{"[metrics]\nlisten = \"0.0.0.0:7481\"", "a loopback address"},
             // The first in the file, not in the alphabet.
             Row{"[node]\nzeta = 1\nalpha = 1", "satchel.toml:2:1: unknown key node.zeta"},
         }) {
        CAPTURE(row.text);
        auto const config = parse(row.text);
        REQUIRE_FALSE(config);
        CHECK(config.error().fault == Fault::config);
        CAPTURE(config.error().what);
        CHECK(config.error().what.find(row.said) != std::string::npos);
    }
}

TEST_CASE("config: one string stands for a list of one") {
    CHECK(parse("[node]\ndht_bootstrap = \"192.0.2.1:7475\"")->node.dht_bootstrap.size() == 1);
}

TEST_CASE("config: --set stands above the file, the last one above all") {
    auto const config =
        parse("[node]\nquota = 1\naccept_max = 7\n[domain.\"b.test\"]\ngateway_keys = [\"" + key_a +
                  "=\"]",
              {"node.quota=5 GiB", "node.control_listen=127.0.0.1:0", "node.accept_from=anyone",
               "node.dht_bootstrap=[\"127.0.0.1:1\", \"127.0.0.1:2\"]",
               "domain.\"b.test\".keys=[\"" + key_a + "=\"]", "domain.'c.test'.keys=" + key_a + "=",
               "node.allow_private_endpoints=true", "gateway.next_hop=maildir:/tmp/m/{recipient}",
               "node.dht_network=9", "gateway.helo=one.test", "gateway.helo = \"two.test\""});
    REQUIRE_MESSAGE(config, (config ? "" : config.error().what));
    CHECK(config->node.quota == 5ULL << 30);
    CHECK(config->node.accept_max == 7);
    CHECK(config->node.control_listen.to_string() == "127.0.0.1:0");
    CHECK(config->node.accept_from == AcceptFrom::anyone);
    CHECK(config->node.dht_bootstrap.size() == 2);
    CHECK(config->node.allow_private_endpoints);
    CHECK(config->node.dht_network == 9);
    CHECK(config->gateway.next_hop == "maildir:/tmp/m/{recipient}");
    CHECK(config->gateway.helo == "two.test");
    CHECK(config->domains.at("b.test").keys.size() == 1);
    CHECK(config->domains.at("b.test").gateway_keys.size() == 1);
    CHECK(config->domains.at("c.test").keys.size() == 1);
}

TEST_CASE("config: what is off in --set is told") {
    struct Row {
        std::string why;
        std::string argument;
        std::string said;
    };

    for (Row const& row : {
             Row{"nothing", "", "KEY=VALUE is wanted"},
             Row{"no equals sign", "node.quota", "KEY=VALUE is wanted"},
             Row{"no key", "=5", "KEY=VALUE is wanted"},
             Row{"not a key", "node quota=5", "KEY=VALUE is wanted"},
             Row{"open quote", "domain.\"b.test.keys=5", "KEY=VALUE is wanted"},
             Row{"two lines in the key", "node.quota=1\nnode.x\n=5", "--set node.quota: "},
             Row{"a section header as key", "[node]\nquota=5", "KEY=VALUE is wanted"},
             Row{"unknown key", "node.kwota=5",
                 "--set node.kwota: unknown key node.kwota; allowed in [node]: "},
             Row{"unknown section", "nod.quota=5", "--set nod.quota: unknown section [nod]"},
             Row{"bad value", "node.quota=much", "\"much\" is not a size"},
             Row{"a second line", "node.quota=5\nnode.accept_max=7", "no control characters"},
             Row{"broken UTF-8", "gateway.helo=\xff", "--set gateway.helo: "},
         }) {
        CAPTURE(row.why);
        auto const config = parse("", {row.argument});
        REQUIRE_FALSE(config);
        CHECK(config.error().fault == Fault::usage);
        CAPTURE(config.error().what);
        CHECK(config.error().what.find(row.said) != std::string::npos);
    }
}

TEST_CASE("config: a key may hold an equals sign in its quotes") {
    auto const setting = parse_override("domain.\"a=b\".keys=[\"x=\"]");
    REQUIRE(setting);
    CHECK(setting->key == "domain.\"a=b\".keys");
    CHECK(setting->value == "[\"x=\"]");
}

TEST_CASE("config: the file of a home, or none") {
    testing::TempFolder home;
    CHECK(load_config(home.path(), {})->node.storage_dir == home / "storage");
    std::ofstream(home / "satchel.toml") << "[node]\nquota = 5\nx = 1\n";
    auto const config = load_config(home.path(), {});
    REQUIRE_FALSE(config);
    CHECK(config.error().fault == Fault::config);
    CHECK(config.error().what.find((home / "satchel.toml").string() + ":3:1: ") == 0);
    std::ofstream(home / "satchel.toml") << std::string((1 << 20) + 1, '#');
    CHECK(load_config(home.path(), {}).error().fault == Fault::config);
}

TEST_CASE("config_units: sizes") {
    struct Row {
        std::string text;
        std::uint64_t bytes;
    };

    for (Row const& row :
         {Row{"0", 0}, Row{"7", 7}, Row{"1 B", 1}, Row{"64 KiB", 65'536}, Row{"64KiB", 65'536},
          Row{"5 GB", 5'000'000'000}, Row{"1 mb", 1'000'000}, Row{"2 TiB", 2ULL << 40},
          Row{"3 KB", 3'000}, Row{"1 TB", 1'000'000'000'000},
          Row{"9223372036854775807", 9'223'372'036'854'775'807}}) {
        CAPTURE(row.text);
        auto const size = parse_size(row.text);
        REQUIRE(size);
        CHECK(*size == row.bytes);
    }
    for (std::string const text : {"", " ", "GB", "-1", "+1", "1.5 GB", "1 GB ", " 1", "1 G",
                                   "1 XB", "9223372036854775808", "9000000 TiB", "1e3", "0x10"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_size(text));
    }
}

TEST_CASE("config_units: durations") {
    CHECK(*parse_duration("30s") == std::chrono::seconds(30));
    CHECK(*parse_duration("10 m") == std::chrono::minutes(10));
    CHECK(*parse_duration("1h") == std::chrono::hours(1));
    CHECK(*parse_duration("5d") == std::chrono::hours(120));
    for (std::string const text : {"", "s", "30", "5w", "-1s", "1.5h", "1h30m", "99999999999d"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_duration(text));
    }
}
