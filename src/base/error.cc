#include "src/base/error.h"

namespace satchel {

bool worth_retrying(Fault fault) {
    switch (fault) {
        case Fault::unavailable:
        case Fault::timed_out:
        case Fault::no_space:
        case Fault::io:
            return true;
        case Fault::usage:
        case Fault::config:
        case Fault::not_found:
        case Fault::refused:
        case Fault::untrusted:
        case Fault::corrupt:
        case Fault::too_large:
            return false;
    }
    return false;
}

char const* to_string(Fault fault) {
    switch (fault) {
        case Fault::usage:
            return "usage";
        case Fault::config:
            return "config";
        case Fault::not_found:
            return "not_found";
        case Fault::refused:
            return "refused";
        case Fault::untrusted:
            return "untrusted";
        case Fault::corrupt:
            return "corrupt";
        case Fault::too_large:
            return "too_large";
        case Fault::no_space:
            return "no_space";
        case Fault::unavailable:
            return "unavailable";
        case Fault::timed_out:
            return "timed_out";
        case Fault::io:
            return "io";
    }
    return "io";
}

}  // namespace satchel
