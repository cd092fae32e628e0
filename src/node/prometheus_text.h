// Metrics in the text form that Prometheus reads (exposition format 0.0.4). docs/admin.md names the
// figures, and what to be woken for.
#pragma once

#include <string>

#include "src/node/metrics.h"

namespace satchel::node {

inline constexpr char const* prometheus_content_type = "text/plain; version=0.0.4; charset=utf-8";

/// Pure.
std::string prometheus_text(Metrics const& metrics);

}  // namespace satchel::node
