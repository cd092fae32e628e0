// What a new home does next, by what it is for: three commands, filled in, to be pasted.
#pragma once

#include <string>
#include <vector>

#include "src/base/result.h"

namespace satchel::cli {

enum class Role {
    user,     ///< stores for its own addresses
    gateway,  ///< stands beside a mail server
    admin     ///< holds a domain's key
};

/// Fault::usage, with the words there are.
Result<Role> parse_role(std::string const& text);

struct NewHome {
    std::string home;     ///< "": the default one, which needs no `--home`
    std::string address;  ///< "" if it has none
    std::string host;     ///< this machine's name
    std::string user_key;
    std::string age_recipient;
    std::string node_key;
};

struct NextStep {
    std::string command;
    std::string why;
};

/// Pure. Always three.
std::vector<NextStep> next_steps(Role role, NewHome const& made);

/// As one word of a shell's command line.
std::string shell_word(std::string const& text);

}  // namespace satchel::cli
