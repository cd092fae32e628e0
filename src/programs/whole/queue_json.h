// The gateway's queue, and what became of a message, as `queue` and `send` show them.
#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "mailgw/message_planning.h"
#include "mailgw/spooled_message.h"
#include "src/node/metrics.h"

namespace satchel::programs {

nlohmann::json queue_json(std::vector<mailgw::SpooledMessage> const& messages);

/// How many recipients are in which state, and since when: figures alone.
node::QueueMetrics queue_metrics(std::vector<mailgw::SpooledMessage> const& messages);

/// recipients[{address, plan, reason, parts[{content_id, bytes, receipt}]}]; `state` beside them
/// for our own use.
nlohmann::json outcome_json(mailgw::SpooledMessage const& message);
nlohmann::json plan_json(mailgw::MessagePlan const& plan,
                         std::vector<std::string> const& recipients);

}  // namespace satchel::programs
