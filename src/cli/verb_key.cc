#include <memory>

#include <nlohmann/json.hpp>

#include "src/base/atomic_file.h"
#include "src/base/secret.h"
#include "src/base/sodium_randomness.h"
#include "src/cli/output.h"
#include "src/cli/passphrase.h"
#include "src/cli/verbs.h"
#include "src/core/home.h"
#include "src/core/identity.h"
#include "transfer/age_file.h"

namespace satchel::cli {

namespace {

constexpr std::size_t export_bytes_max = 1 << 20;

struct Args {
    std::string file;
    std::string passphrase_file;
    bool force = false;
};

Result<Passphrase> ask_twice() {
    auto passphrase = Passphrase::ask("New passphrase for the exported keys: ");
    if (!passphrase) return passphrase;
    auto const again = Passphrase::ask("Again: ");
    if (!again) return fail(again.error());
    if (!equal_in_constant_time(passphrase->view(), again->view()))
        return fail(Fault::usage, "the two passphrases differ");
    return passphrase;
}

void print_keys(Globals const& globals, Identity const& identity, std::string const& done) {
    std::string const user_key = identity.user_public().to_base64();
    if (globals.json) return print_json(nlohmann::json{{"user_key", user_key}});
    print_line("user key  " + user_key);
    print_line(done);
}

Result<ExitStatus> export_keys(Globals const& globals, Args const& args) {
    auto const identity = load_identity(globals.home);
    if (!identity) return fail(identity.error());
    auto const passphrase =
        args.passphrase_file.empty() ? ask_twice() : Passphrase::from_file(args.passphrase_file);
    if (!passphrase) return fail(passphrase.error());
    SystemRandomness randomness;
    std::string text = user_keys_text(*identity);
    auto const sealed =
        transfer::encrypt_age_with_passphrase(passphrase->view(), bytes_of(text), randomness);
    wipe({reinterpret_cast<Byte*>(text.data()), text.size()});
    if (!sealed) return fail(sealed.error());
    auto draft = AtomicFile::create(args.file);
    if (!draft) return fail(draft.error());
    if (auto written = draft->write(*sealed); !written) return fail(written.error());
    // An older export may be the only one.
    if (auto saved = draft->commit_new(); !saved) return fail(saved.error());
    print_keys(globals, *identity,
               "Next: on the other device, satchel key import " + args.file +
                   "; without the passphrase nobody opens it, you neither.");
    return ExitStatus::ok;
}

Result<ExitStatus> import_keys(Globals const& globals, Args const& args) {
    auto const sealed = read_whole_file(args.file, export_bytes_max);
    if (!sealed) return fail(sealed.error());
    // Before the passphrase is asked for.
    if (!args.force && load_identity(globals.home)) {
        return fail(Fault::refused, globals.home.string() +
                                        " has keys already; --force moves them to keys.old-N, or "
                                        "give another --home");
    }
    auto const passphrase = args.passphrase_file.empty()
                                ? Passphrase::ask("Passphrase of " + args.file + ": ")
                                : Passphrase::from_file(args.passphrase_file);
    if (!passphrase) return fail(passphrase.error());
    auto text =
        transfer::decrypt_age_with_passphrase(passphrase->view(), *sealed, export_bytes_max);
    if (!text) return fail(text.error());
    SystemRandomness randomness;
    auto const identity = identity_from_user_keys(*text, randomness);
    wipe(*text);
    if (!identity) return fail(identity.error());
    Home const home(globals.home);
    if (auto made = home.ensure(); !made) return fail(made.error());
    if (args.force) {
        if (auto moved = set_keys_aside(globals.home); !moved) return fail(moved.error());
    }
    if (auto saved = save_identity(*identity, globals.home); !saved) return fail(saved.error());
    if (auto written = home.ensure_config(); !written) return fail(written.error());
    print_keys(globals, *identity,
               "Next: `satchel node` runs a node of this device's own; then publish again.");
    return ExitStatus::ok;
}

}  // namespace

void add_key(CommandLine& line) {
    line.group("key", "your keys on another device");
    auto args = std::make_shared<Args>();
    line.verb_of("key", "export", "write your keys into an age file that a passphrase opens")
        .argument("FILE", args->file, "the file to make")
        .option("--passphrase-file", args->passphrase_file, "FILE",
                "the passphrase is its first line, instead of asking")
        .example("satchel key export bob.keys.age")
        .run([args](Globals const& globals) { return export_keys(globals, *args); });
    line.verb_of("key", "import",
                 "make this home from exported keys; it gets a node key of its own")
        .argument("FILE", args->file, "what `satchel key export` made")
        .option("--passphrase-file", args->passphrase_file, "FILE",
                "the passphrase is its first line, instead of asking")
        .flag("--force", args->force, "also where there are keys; the old ones move to keys.old-N")
        .example("satchel key import bob.keys.age")
        .run([args](Globals const& globals) { return import_keys(globals, *args); });
}

}  // namespace satchel::cli
