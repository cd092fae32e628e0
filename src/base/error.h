// What went wrong, told so that the caller knows what to do next.
#pragma once

#include <string>

namespace satchel {

/// The class of a failure. It answers one question: what should the caller do?
enum class Fault {
    usage,        ///< the caller's words are off; say it right and call again
    config,       ///< a setting is wrong or missing; mend satchel.toml
    not_found,    ///< it does not exist (here)
    refused,      ///< understood, and declined by a rule or by the other side
    untrusted,    ///< it exists, but nobody we trust vouches for it
    corrupt,      ///< bytes that are not what they claim to be
    too_large,    ///< over a bound
    no_space,     ///< disk or quota is full
    unavailable,  ///< not reachable now; later may do
    timed_out,    ///< no answer in time; later may do
    io,           ///< the system failed us
};

struct Error {
    Fault fault;
    std::string what;  ///< a sentence for a person, without secrets
};

/// True where the same call may succeed later without anybody changing anything.
bool worth_retrying(Fault fault);

/// The word used in `--json` and logs: "not_found", "timed_out", …
char const* to_string(Fault fault);

}  // namespace satchel
