#include "src/cli/verb.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "src/cli/completion.h"
#include "src/cli/grammar.h"
#include "src/cli/output.h"
#include "src/cli/usage_advice.h"
#include "src/core/home.h"

namespace satchel::cli {

namespace {

CLI::Option* need_it(CLI::Option* option, Verb::Need need) {
    return option->required(need == Verb::Need::required);
}

}  // namespace

Verb& Verb::argument(std::string const& name, std::string& to, std::string const& help, Need need) {
    need_it(app_.add_option(name, to, help), need)->type_name("");
    return *this;
}

Verb& Verb::arguments(std::string const& name, std::vector<std::string>& to,
                      std::string const& help, Need need) {
    need_it(app_.add_option(name, to, help), need)->type_name("");
    return *this;
}

Verb& Verb::option(std::string const& flags, std::string& to, std::string const& value_name,
                   std::string const& help, Need need) {
    need_it(app_.add_option(flags, to, help), need)->type_name(value_name);
    return *this;
}

Verb& Verb::options(std::string const& flags, std::vector<std::string>& to,
                    std::string const& value_name, std::string const& help, Need need) {
    need_it(app_.add_option(flags, to, help), need)
        ->type_name(value_name)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    return *this;
}

Verb& Verb::number(std::string const& flags, std::uint64_t& to, std::string const& value_name,
                   std::string const& help) {
    app_.add_option(flags, to, help)->type_name(value_name);
    return *this;
}

Verb& Verb::flag(std::string const& flags, bool& to, std::string const& help) {
    app_.add_flag(flags, to, help);
    return *this;
}

Verb& Verb::example(std::string const& lines) {
    app_.footer("\nExample:\n  " + lines);
    return *this;
}

void Verb::run(Run run) {
    app_.callback([&app = app_, &chosen = chosen_, run = std::move(run)] {
        // A verb's own verbs are called back before it.
        if (app.get_subcommands().empty()) chosen = run;
    });
}

struct CommandLine::State {
    CLI::App app{
        "Satchel takes attachments out of e-mail: the text travels through mail servers as ever, "
        "the\n"
        "attachments go peer to peer, encrypted, into storage that the recipient owns."};
    std::map<std::string, CLI::App*> groups;
    Verb::Run chosen;
    Globals globals;
    std::string home;
};

CommandLine::CommandLine()
    : state_(std::make_unique<State>()) {
    CLI::App& app = state_->app;
    app.name("satchel");
    app.set_version_flag("--version", std::string("satchel ") + SATCHEL_VERSION);
    app.add_option("--home", state_->home, "folder of this party [$SATCHEL_HOME, else XDG]")
        ->type_name("DIR");
    app.add_option("--set", state_->globals.settings, "a setting, on top of satchel.toml")
        ->type_name("KEY=VALUE")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    app.add_flag("--json", state_->globals.json, "one JSON object a line on stdout");
    app.add_flag("-v", state_->globals.verbose, "say more");
    app.require_subcommand(1);
    app.footer("\n`satchel VERB --help` shows a verb with an example.");
}

CommandLine::~CommandLine() = default;

Verb CommandLine::verb(std::string const& name, std::string const& help) {
    CLI::App* const app = state_->app.add_subcommand(name, help);
    app->fallthrough();
    return Verb(*app, state_->chosen);
}

void CommandLine::group(std::string const& name, std::string const& help) {
    CLI::App* const app = state_->app.add_subcommand(name, help);
    app->fallthrough();
    app->require_subcommand(1);
    state_->groups[name] = app;
}

Verb CommandLine::verb_with_verbs(std::string const& name, std::string const& help) {
    CLI::App* const app = state_->app.add_subcommand(name, help);
    app->fallthrough();
    state_->groups[name] = app;
    return Verb(*app, state_->chosen);
}

Verb CommandLine::verb_of(std::string const& group, std::string const& name,
                          std::string const& help) {
    CLI::App* const app = state_->groups.at(group)->add_subcommand(name, help);
    app->fallthrough();
    return Verb(*app, state_->chosen);
}

std::optional<int> CommandLine::tell_of_itself(int argc, char const* const* argv) const {
    std::string_view const first = argc > 1 ? argv[1] : "";
    if (first == "--complete") {
        std::string const lines =
            completion_lines(complete(grammar_of(state_->app), {argv + 2, argv + argc}));
        std::fwrite(lines.data(), 1, lines.size(), stdout);
        return 0;
    }
    if (first != "--grammar") return std::nullopt;
    print_json(grammar_json(grammar_of(state_->app)));
    return 0;
}

namespace {

/// What was typed, without the program's name; `satchel help VERB`, as other programs have it, is
/// `satchel VERB --help`.
std::vector<std::string> understood(Grammar const& program, int argc, char const* const* argv) {
    std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    auto const place = place_of(program, words);
    if (place.verbs.size() == 1 && !place.arguments.empty() && place.arguments.front() == "help") {
        words.erase(std::find(words.begin(), words.end(), "help"));
        words.emplace_back("--help");
    }
    return words;
}

}  // namespace

int CommandLine::run(int argc, char const* const* argv) {
    if (auto const told = tell_of_itself(argc, argv)) return *told;
    std::vector<std::string> const words = understood(grammar_of(state_->app), argc, argv);
    try {
        state_->app.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // from the end
    } catch (CLI::Success const& asked) {  // --help, --version
        return state_->app.exit(asked);
    } catch (CLI::ParseError const& wrong) {
        print_error({Fault::usage, usage_advice(grammar_of(state_->app), words, wrong.what())},
                    state_->globals.json);
        return static_cast<int>(ExitStatus::usage);
    }
    return run_chosen();
}

std::optional<int> CommandLine::run_if_known(int argc, char const* const* argv) {
    try {
        state_->app.parse(argc, argv);
    } catch (CLI::CallForVersion const& asked) {
        return state_->app.exit(asked);
    } catch (CLI::Error const&) {
        return std::nullopt;
    }
    return run_chosen();
}

int CommandLine::run_chosen() {
    state_->globals.home = std::filesystem::absolute(
        state_->home.empty() ? Home::default_root() : std::filesystem::path(state_->home));
    auto const status = state_->chosen(state_->globals);
    if (status && output_is_lost() && !output_has_no_reader()) {
        print_error({Fault::io, "standard output could not be written to: is the disk full?"},
                    state_->globals.json, stderr);
        return static_cast<int>(exit_status_for(Fault::io));
    }
    if (status) return static_cast<int>(*status);
    print_error(status.error(), state_->globals.json);
    return static_cast<int>(exit_status_for(status.error().fault));
}

}  // namespace satchel::cli
