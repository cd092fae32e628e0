// Exit codes of sysexits(3): the one place where a Fault becomes one.
#pragma once

#include "src/base/error.h"

namespace satchel::cli {

enum class ExitStatus : int {
    ok = 0,
    usage = 64,
    data = 65,
    no_input = 66,
    no_user = 67,
    unavailable = 69,
    software = 70,
    cannot_create = 73,
    io = 74,
    try_later = 75,
    no_permission = 77,
    config = 78,
};

ExitStatus exit_status_for(Fault fault);

}  // namespace satchel::cli
