#include <memory>

#include <nlohmann/json.hpp>

#include "src/base/sodium_randomness.h"
#include "src/cli/next_steps.h"
#include "src/cli/output.h"
#include "src/cli/style.h"
#include "src/cli/typed_address.h"
#include "src/cli/verbs.h"
#include "src/core/home.h"
#include "src/core/identity.h"

namespace satchel::cli {

namespace {

struct Args {
    std::vector<std::string> addresses;
    std::string role;
    bool force = false;
};

Result<std::vector<Address>> parse_all(std::vector<std::string> const& texts) {
    std::vector<Address> addresses;
    for (std::string const& text : texts) {
        auto address = parse_typed_address(text);
        if (!address) return fail(address.error());
        addresses.push_back(std::move(*address));
    }
    return addresses;
}

nlohmann::json shown(Globals const& globals, Identity const& identity) {
    nlohmann::json addresses = nlohmann::json::array();
    for (Address const& address : identity.addresses)
        addresses.push_back(address.text());
    return {{"home", globals.home.string()},
            {"addresses", addresses},
            {"user_key", identity.user_public().to_base64()},
            {"age_recipient", identity.recipient().to_string()},
            {"node_key", identity.node_public().to_base64()}};
}

void print_identity(Globals const& globals, Identity const& identity) {
    auto const json = shown(globals, identity);
    if (globals.json) return print_json(json);
    print_line("home           " + globals.home.string());
    for (Address const& address : identity.addresses)
        print_line("address        " + address.text());
    print_line("user key       " + identity.user_public().to_base64());
    print_line("age recipient  " + identity.recipient().to_string());
    print_line("node key       " + identity.node_public().to_base64());
}

void print_next_steps(Globals const& globals, Identity const& identity, Role role) {
    auto const config = globals.config();
    NewHome const made{
        .home = globals.home == Home::default_root() ? "" : globals.home.string(),
        .address = identity.addresses.empty() ? "" : identity.addresses.front().text(),
        .host = config ? config->gateway.helo : "",
        .user_key = identity.user_public().to_base64(),
        .age_recipient = identity.recipient().to_string(),
        .node_key = identity.node_public().to_base64()};
    Style const style = Style::of(stdout);
    print_line("\nNext:");
    for (NextStep const& step : next_steps(role, made)) {
        print_line("\n  " + style.paint(Style::Tone::strong, step.command));
        print_line("      " + step.why);
    }
}

Result<ExitStatus> init(Globals const& globals, Args const& args) {
    auto const role = parse_role(args.role);
    if (!role) return fail(role.error());
    auto addresses = parse_all(args.addresses);
    if (!addresses) return fail(addresses.error());
    Home const home(globals.home);
    if (auto made = home.ensure(); !made) return fail(made.error());
    if (args.force) {
        if (auto moved = set_keys_aside(globals.home); !moved) return fail(moved.error());
    }
    SystemRandomness randomness;
    Identity const identity = generate_identity(std::move(*addresses), randomness);
    if (auto saved = save_identity(identity, globals.home); !saved) return fail(saved.error());
    if (auto written = home.ensure_config(); !written) return fail(written.error());
    print_identity(globals, identity);
    if (!globals.json) print_next_steps(globals, identity, *role);
    return ExitStatus::ok;
}

}  // namespace

void add_init(CommandLine& line) {
    auto args = std::make_shared<Args>();
    line.verb("init", "make the keys and satchel.toml of this home")
        .options("--address", args->addresses, "ADDRESS",
                 "an e-mail address of yours; may be repeated")
        .option("--role", args->role, "user|gateway|admin",
                "what this home is for, and so which commands come next [user]")
        .flag("--force", args->force,
              "new keys where there are some; the old ones move to keys.old-N")
        .example("satchel init --address bob@example.test")
        .run([args](Globals const& globals) { return init(globals, *args); });
}

void add_id(CommandLine& line) {
    line.verb("id", "show the addresses and public keys of this home")
        .example("satchel id --json")
        .run([](Globals const& globals) -> Result<ExitStatus> {
            auto const identity = load_identity(globals.home);
            if (!identity) return fail(identity.error());
            print_identity(globals, *identity);
            return ExitStatus::ok;
        });
}

}  // namespace satchel::cli
