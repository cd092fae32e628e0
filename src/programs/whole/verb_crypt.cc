#include <filesystem>
#include <memory>

#include <unistd.h>

#include "src/base/sodium_randomness.h"
#include "src/core/identity.h"
#include "src/programs/whole/programs.h"
#include "transfer/age_file.h"

namespace satchel::programs {

namespace {

struct Args {
    std::vector<std::string> recipients;
    std::string identity;
};

Result<cli::ExitStatus> encrypt(Args const& args) {
    std::vector<AgeRecipient> recipients;
    for (std::string const& text : args.recipients) {
        auto recipient = AgeRecipient::parse(text);
        if (!recipient) return fail(Fault::usage, "-r " + text + ": " + recipient.error().what);
        recipients.push_back(*recipient);
    }
    SystemRandomness randomness;
    auto const done =
        transfer::encrypt_age_stream(recipients, STDIN_FILENO, STDOUT_FILENO, randomness);
    if (!done) return fail(done.error());
    return cli::ExitStatus::ok;
}

Result<std::vector<AgeIdentity>> identities_in(std::filesystem::path const& path) {
    if (!std::filesystem::is_directory(path)) return load_age_identities(path);
    auto identity = load_identity(path);
    if (!identity) return fail(identity.error());
    return std::move(identity->age);
}

Result<cli::ExitStatus> decrypt(cli::Globals const& globals, Args const& args) {
    auto const identities =
        identities_in(args.identity.empty() ? globals.home : std::filesystem::path(args.identity));
    if (!identities) return fail(identities.error());
    auto const done = transfer::decrypt_age_stream(*identities, STDIN_FILENO, STDOUT_FILENO);
    if (!done) return fail(done.error());
    return cli::ExitStatus::ok;
}

}  // namespace

void add_encrypt(cli::CommandLine& line) {
    auto args = std::make_shared<Args>();
    line.verb("encrypt", "encrypt standard input to age recipients")
        .options("-r,--recipient", args->recipients, "RECIPIENT", "age1…; may be repeated",
                 cli::Verb::Need::required)
        .example("satchel encrypt -r age1… < film.mov > film.mov.age")
        .run([args](cli::Globals const&) { return encrypt(*args); });
}

void add_decrypt(cli::CommandLine& line) {
    auto args = std::make_shared<Args>();
    line.verb("decrypt", "decrypt an age file on standard input")
        .option("-i,--identity", args->identity, "FILE",
                "an age identity file, or a home [this home]")
        .example("satchel decrypt -i ~/.local/share/satchel < film.mov.age > film.mov")
        .run([args](cli::Globals const& globals) { return decrypt(globals, *args); });
}

}  // namespace satchel::programs
