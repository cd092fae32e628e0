// The gateway's figures on their way to the node, over the local socket.
#pragma once

#include <nlohmann/json.hpp>

#include "src/base/result.h"
#include "src/node/metrics.h"

namespace satchel::node {

nlohmann::json json_of(QueueMetrics const& metrics);
/// Fault::usage for what is not that.
Result<QueueMetrics> queue_metrics_of(nlohmann::json const& json);

}  // namespace satchel::node
