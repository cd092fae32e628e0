// "Stop now", for threads that wait in poll(2).
#pragma once

#include "src/base/unique_fd.h"

namespace satchel::mailgw {

/// Raised once, never lowered. Thread-safe.
class StopSignal {
public:
    StopSignal();

    void raise() const;
    bool raised() const;

    /// Readable once raised; -1 where the system gave none (then waits end by their time-outs).
    int fd() const { return fd_.get(); }

private:
    UniqueFd fd_;
};

}  // namespace satchel::mailgw
