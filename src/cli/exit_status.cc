#include "src/cli/exit_status.h"

namespace satchel::cli {

ExitStatus exit_status_for(Fault fault) {
    switch (fault) {
        case Fault::usage:
            return ExitStatus::usage;
        case Fault::config:
            return ExitStatus::config;
        case Fault::not_found:
            return ExitStatus::no_input;
        case Fault::refused:
        case Fault::untrusted:
            return ExitStatus::no_permission;
        case Fault::corrupt:
        case Fault::too_large:
            return ExitStatus::data;
        case Fault::no_space:
            return ExitStatus::cannot_create;
        case Fault::unavailable:
            return ExitStatus::unavailable;
        case Fault::timed_out:
            return ExitStatus::try_later;
        case Fault::io:
            return ExitStatus::io;
    }
    return ExitStatus::software;
}

}  // namespace satchel::cli
