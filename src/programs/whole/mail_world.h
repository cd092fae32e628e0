// What the mail gateway of a home stands on: its settings, and the node that locates and delivers
// for it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mailgw/gateway.h"
#include "src/base/clock.h"
#include "src/base/event_log.h"
#include "src/base/sodium_randomness.h"
#include "src/cli/globals.h"
#include "src/node/node_link.h"

namespace satchel::programs {

struct MailWorld {
    explicit MailWorld(EventLog::Level least)
        : log(2, least) {}

    /// The gateway of the home, over the node that listens on the home's socket. Nothing runs yet.
    Result<std::unique_ptr<mailgw::Gateway>> open(cli::Globals const& globals,
                                                  std::vector<std::string> request_settings);

    EventLog log;
    SystemClock clock;
    SystemRandomness randomness;
    std::shared_ptr<node::LinkCutter> cutter = std::make_shared<node::LinkCutter>();
};

}  // namespace satchel::programs
