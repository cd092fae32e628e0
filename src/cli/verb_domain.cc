#include <algorithm>
#include <iterator>
#include <memory>

#include <nlohmann/json.hpp>

#include "src/base/clock.h"
#include "src/base/sodium_randomness.h"
#include "src/cli/book.h"
#include "src/cli/output.h"
#include "src/cli/typed_address.h"
#include "src/cli/verbs.h"
#include "src/core/binding.h"
#include "src/core/binding_book.h"
#include "src/core/domain_record.h"
#include "src/core/home.h"
#include "src/core/identity.h"
#include "src/core/limits.h"
#include "src/core/trust_memory.h"

namespace satchel::cli {

namespace {

struct InitArgs {
    std::string domain;
    bool rotate = false;
};

struct DnsArgs {
    std::string domain;
    std::vector<std::string> gateways;
    std::vector<std::string> gateway_keys;
    std::vector<std::string> bootstrap;
};

struct BindArgs {
    std::string address;
    std::string user_key;
    std::string age_recipient;
    std::uint64_t days = 365;
    std::string subaddress;
};

Result<ExitStatus> init(Globals const& globals, InitArgs const& args) {
    auto const domain = normal_domain(args.domain);
    if (!domain) return fail(domain.error());
    if (auto made = Home(globals.home).ensure(); !made) return fail(made.error());
    SystemRandomness randomness;
    SigningKey const key = SigningKey::generate(randomness);
    auto const saved = args.rotate ? replace_domain_key(key, *domain, globals.home)
                                   : save_domain_key(key, *domain, globals.home);
    if (!saved) return fail(saved.error());
    std::string const public_key = key.public_key().to_base64();
    if (globals.json) {
        print_json({{"domain", *domain}, {"public_key", public_key}});
        return ExitStatus::ok;
    }
    print_line("domain      " + *domain);
    print_line("public key  " + public_key);
    if (args.rotate) {
        print_line("Next: publish both records that `satchel domain dns " + *domain + "` prints,");
        print_line(
            "bind your users again (`satchel domain bind`), and take the old record away once");
        print_line("all have published their new binding and a few weeks have passed.");
    } else {
        print_line("Next: `satchel domain dns " + *domain + "` prints the DNS record to publish;");
        print_line("`satchel domain bind ADDRESS USER_KEY AGE_RECIPIENT` vouches for a user.");
    }
    return ExitStatus::ok;
}

/// A TXT value in the quoted strings of at most 255 octets that zone files take.
std::string zone_text(std::string const& value) {
    std::string text;
    for (std::size_t at = 0; at < value.size(); at += 255) {
        text += (at == 0 ? "\"" : " \"") + value.substr(at, 255) + '"';
    }
    return text;
}

/// The whole can be pasted into a zone file: what is not a record is a comment there.
void print_records(std::string const& domain, std::string const& name,
                   std::vector<std::string> const& values) {
    print_line("; for the zone of " + domain + ":");
    for (std::string const& value : values)
        print_line(name + ". IN TXT " + zone_text(value));
    std::string const label = name.substr(0, name.size() - domain.size() - 1);
    print_line("; or in a provider's form: type TXT, name " + label + ", value");
    for (std::string const& value : values)
        print_line(";   " + value);
    print_line("; once it is out, `dig +short TXT " + name + "` shows it, and `satchel doctor`");
    print_line("; in the home of one of the domain's users checks it.");
}

/// What the words of `domain dns` say beside the key.
Result<DomainRecord> record_of(DnsArgs const& args) {
    DomainRecord record;
    for (std::string const& text : args.gateway_keys) {
        auto const key = PublicKey::parse(text);
        if (!key) return fail(Fault::usage, "--gateway-key: " + key.error().what);
        record.gateway_keys.push_back(*key);
    }
    if (args.gateways.size() > 1)
        return fail(Fault::usage, "--gateway: one; its name may have several IP addresses");
    for (std::string const& text : args.gateways) {
        auto at = HostPort::parse(text);
        if (!at) return fail(Fault::usage, "--gateway " + text + ": " + at.error().what);
        record.gateway = std::move(*at);
    }
    for (std::string const& text : args.bootstrap) {
        auto at = HostPort::parse(text);
        if (!at) return fail(Fault::usage, "--dht " + text + ": " + at.error().what);
        record.dht_bootstrap.push_back(std::move(*at));
    }
    if (std::max(record.gateway_keys.size(), record.dht_bootstrap.size()) >
        limits::domain_record_items)
        return fail(Fault::usage, "at most " + std::to_string(limits::domain_record_items) +
                                      " of --gateway-key, and of --dht, fit into the record");
    return record;
}

/// A record for each key, the current one's first. Each but the oldest has the word of the one
/// before it.
std::vector<std::string> values_of(std::vector<SigningKey> const& keys, std::string const& domain,
                                   DomainRecord record) {
    std::vector<std::string> values;
    for (auto key = keys.begin(); key != keys.end(); ++key) {
        record.key = DomainKey(key->public_key());
        record.vouch.reset();
        if (auto const older = std::next(key); older != keys.end())
            record.vouch = vouch_for(record.key, domain, *older);
        values.push_back(record.to_text());
    }
    return values;
}

Result<ExitStatus> dns(Globals const& globals, DnsArgs const& args) {
    auto const domain = normal_domain(args.domain);
    if (!domain) return fail(domain.error());
    auto const keys = load_domain_keys(*domain, globals.home);
    if (!keys) return fail(keys.error());
    auto record = record_of(args);
    if (!record) return fail(record.error());
    auto const values = values_of(*keys, *domain, std::move(*record));
    std::string const name = domain_record_name(*domain);
    if (globals.json) {
        print_json({{"domain", *domain},
                    {"public_key", keys->front().public_key().to_base64()},
                    {"name", name},
                    {"value", values.front()},
                    {"records", values}});
    } else {
        print_records(*domain, name, values);
    }
    return ExitStatus::ok;
}

Result<ExitStatus> forget(Globals const& globals, InitArgs const& args) {
    auto const domain = normal_domain(args.domain);
    if (!domain) return fail(domain.error());
    auto memory = TrustMemory::open(Home(globals.home).trust_file());
    if (!memory) return fail(memory.error());
    auto const forgotten = memory->forget_domain(*domain);
    if (!forgotten) return fail(forgotten.error());
    if (!*forgotten) return fail(Fault::not_found, "no key of " + *domain + " is remembered here");
    if (globals.json) print_json({{"domain", *domain}});
    return ExitStatus::ok;
}

Result<ExitStatus> bind(Globals const& globals, BindArgs const& args) {
    auto const address = parse_typed_address(args.address);
    if (!address) return fail(address.error());
    if (address->is_literal()) return fail(Fault::usage, "an address literal has no storage");
    auto const user_key = UserKey::parse(args.user_key);
    if (!user_key) return fail(Fault::usage, "USER_KEY: " + user_key.error().what);
    auto const recipient = AgeRecipient::parse(args.age_recipient);
    if (!recipient) return fail(Fault::usage, "AGE_RECIPIENT: " + recipient.error().what);
    if (args.days == 0 || args.days > 3650) return fail(Fault::usage, "--days: from 1 to 3650");
    if (!args.subaddress.empty() && args.subaddress != "+") {
        return fail(Fault::usage,
                    "--subaddress: `+` is what mail systems use; nothing else is known");
    }
    auto const key = load_domain_key(address->domain(), globals.home);
    if (!key) return fail(key.error());
    std::uint64_t const now = SystemClock().unix_seconds();
    auto book = BindingBook::open(Home(globals.home).bindings_file());
    if (!book) return fail(book.error());
    auto const epoch = book->next_epoch(*address, now);
    if (!epoch) return fail(epoch.error());
    Binding const unsigned_binding{.address = *address,
                                   .user_key = *user_key,
                                   .age_recipient = *recipient,
                                   .subaddress = args.subaddress,
                                   .slot_epoch = *epoch,
                                   .issued = now,
                                   .expires = now + args.days * 24 * 3600,
                                   .domain_key = DomainKey(key->public_key())};
    BindingGrant const grant = grant_binding(unsigned_binding, *key);
    if (auto noted = book->note_binding(grant.binding); !noted) return fail(noted.error());
    std::string const line = grant.to_line();
    if (globals.json) {
        print_json({{"binding", line}});
    } else {
        print_line(line);
    }
    return ExitStatus::ok;
}

}  // namespace

void add_domain(CommandLine& line) {
    line.group("domain",
               "for the one who runs a mail domain: its key, its DNS record, its users' bindings");
    auto init_args = std::make_shared<InitArgs>();
    line.verb_of("domain", "init", "make the signing key of a domain")
        .argument("DOMAIN", init_args->domain, "the mail domain")
        .flag("--rotate", init_args->rotate,
              "a new key in the place of the one there is, which vouches for it")
        .example("satchel domain init b.test")
        .run([init_args](Globals const& globals) { return init(globals, *init_args); });
    auto dns_args = std::make_shared<DnsArgs>();
    line.verb_of("domain", "dns",
                 "print the TXT records that tell the world the domain's key, or keys")
        .argument("DOMAIN", dns_args->domain, "the mail domain")
        .options("--gateway", dns_args->gateways, "HOST:PORT",
                 "control endpoint of the domain's gateway")
        .options("--gateway-key", dns_args->gateway_keys, "KEY",
                 "node key of a gateway that speaks for the domain")
        .options("--dht", dns_args->bootstrap, "HOST:PORT", "a DHT node to start from")
        .example("satchel domain dns b.test --gateway mx.b.test:7473 --dht mx.b.test:7475")
        .run([dns_args](Globals const& globals) { return dns(globals, *dns_args); });
    line.verb_of("domain", "forget",
                 "forget the keys seen of a domain: what its DNS says counts anew")
        .argument("DOMAIN", init_args->domain, "a mail domain, after asking its admin")
        .example("satchel domain forget b.test")
        .run([init_args](Globals const& globals) { return forget(globals, *init_args); });
    auto bind_args = std::make_shared<BindArgs>();
    line.verb_of("domain", "bind",
                 "sign that an address belongs to a user key: one line for the user's `publish`")
        .argument("ADDRESS", bind_args->address, "the user's address in your domain")
        .argument("USER_KEY", bind_args->user_key, "from the user's `satchel id`")
        .argument("AGE_RECIPIENT", bind_args->age_recipient, "likewise")
        .number("--days", bind_args->days, "N", "how long it holds [365]")
        .option("--subaddress", bind_args->subaddress, "+", "user+tag@ goes to user@")
        .example("satchel domain bind bob@b.test USER_KEY AGE_RECIPIENT > bob.binding")
        .run([bind_args](Globals const& globals) { return bind(globals, *bind_args); });
}

}  // namespace satchel::cli
