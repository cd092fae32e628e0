#include "src/node/metrics_request.h"

#include <string>

#include "src/core/endpoint.h"
#include "transfer/http_head.h"

namespace satchel::node {

namespace {

/// A literal loopback address or localhost, with or without a port.
bool leads_to_us(std::string_view host) {
    if (Endpoint const bare{std::string(host), 1}; bare.is_loopback()) return true;
    auto const colon = host.rfind(':');
    std::string_view const name = host.substr(0, colon);
    if (name == "localhost" || name == "[::1]") return true;
    return Endpoint{std::string(name), 1}.is_loopback();
}

}  // namespace

MetricsVerdict judge_metrics_request(std::string_view head) {
    auto const request = transfer::parse_request_head(head);
    if (!request) return MetricsVerdict::nonsense;
    if (!leads_to_us(request->host)) return MetricsVerdict::wrong_host;
    if (request->method != transfer::Method::get) return MetricsVerdict::no_method;
    bool const ours = request->target == "/metrics" || request->target.starts_with("/metrics?");
    return ours ? MetricsVerdict::show : MetricsVerdict::not_here;
}

}  // namespace satchel::node
