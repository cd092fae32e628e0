// The next hops of a gateway, as its settings name them.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "mailgw/envelope.h"
#include "mailgw/login_brake.h"
#include "mailgw/sided_next_hop.h"
#include "mailgw/stop_signal.h"
#include "src/base/result.h"
#include "src/core/config.h"

namespace satchel::mailgw {

/// The setting that names the next hop of a side.
char const* hop_key(GatewaySettings const& settings, Side side);

/// Fault::config where the settings contradict each other or name no next hop. With `patience`, to
/// connect and to wait for replies is given up sooner than usual. Stop and brake must outlive it.
Result<std::unique_ptr<SidedNextHop>> make_hops(
    GatewaySettings const& settings, StopSignal const& stop, LoginBrake& brake,
    std::optional<std::chrono::milliseconds> patience = std::nullopt);

/// Whether the files that the settings name hold a password and certificates now. They are read
/// again whenever they are needed. Fault::config.
Status check_hop_files(GatewaySettings const& settings);

}  // namespace satchel::mailgw
