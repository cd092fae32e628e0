// How a verb says what it takes: names, help and an example, and the function that runs it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/base/result.h"
#include "src/cli/exit_status.h"
#include "src/cli/globals.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's own name
class App;
}

namespace satchel::cli {

/// One verb, or one verb of a group (`contact add`). The targets of options must live as long as
/// the program's CommandLine: verbs keep them in a shared struct that their run function captures.
class Verb {
public:
    using Run = std::function<Result<ExitStatus>(Globals const&)>;
    enum class Need { required, optional };

    Verb& argument(std::string const& name, std::string& to, std::string const& help,
                   Need need = Need::required);
    Verb& arguments(std::string const& name, std::vector<std::string>& to, std::string const& help,
                    Need need = Need::required);
    Verb& option(std::string const& flags, std::string& to, std::string const& value_name,
                 std::string const& help, Need need = Need::optional);
    /// May be given several times.
    Verb& options(std::string const& flags, std::vector<std::string>& to,
                  std::string const& value_name, std::string const& help,
                  Need need = Need::optional);
    Verb& number(std::string const& flags, std::uint64_t& to, std::string const& value_name,
                 std::string const& help);
    Verb& flag(std::string const& flags, bool& to, std::string const& help);
    Verb& example(std::string const& lines);
    void run(Run run);

private:
    friend class CommandLine;

    Verb(CLI::App& app, Run& chosen)
        : app_(app)
        , chosen_(chosen) {}

    CLI::App& app_;
    Run& chosen_;
};

class CommandLine {
public:
    CommandLine();
    ~CommandLine();

    Verb verb(std::string const& name, std::string const& help);
    /// A verb of a group: `group("contact", …)`, then `verb_of("contact", "add", …)`.
    void group(std::string const& name, std::string const& help);
    /// Likewise, but the group's own name does something, too.
    Verb verb_with_verbs(std::string const& name, std::string const& help);
    Verb verb_of(std::string const& group, std::string const& name, std::string const& help);

    /// Parses, runs, and gives the exit code. Errors go to stderr, or as JSON to stdout with
    /// `--json`. Two words that no help shows are for programs: `--complete WORD…`, which shells
    /// ask, and `--grammar`, from which the manual pages are made.
    int run(int argc, char const* const* argv);
    /// For a program that knows some of the verbs alone: as `run`, where the words are one of its
    /// verbs with all that it needs, or ask for the version. Else nothing has been said or done.
    std::optional<int> run_if_known(int argc, char const* const* argv);

private:
    struct State;

    std::optional<int> tell_of_itself(int argc, char const* const* argv) const;
    int run_chosen();

    std::unique_ptr<State> state_;
};

}  // namespace satchel::cli
