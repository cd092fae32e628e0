#include "src/node/metrics_request.h"

#include <array>
#include <cstddef>

#include <strings.h>

#include "src/core/endpoint.h"
#include "src/core/host_port.h"

namespace satchel::node {

namespace {

std::string_view without_blanks(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
        text.remove_suffix(1);
    return text;
}

bool is_host_field(std::string_view name) {
    constexpr std::string_view host = "host";
    return name.size() == host.size() && ::strncasecmp(name.data(), host.data(), host.size()) == 0;
}

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
    std::size_t const line_end = head.find("\r\n");
    if (line_end == std::string_view::npos) return MetricsVerdict::nonsense;
    std::string_view const line = head.substr(0, line_end);
    std::size_t const first = line.find(' ');
    std::size_t const last = line.rfind(' ');
    bool const three = first != std::string_view::npos && last > first;
    if (!three || !line.substr(last + 1).starts_with("HTTP/1.")) return MetricsVerdict::nonsense;
    for (std::size_t at = line_end + 2; at < head.size();) {
        std::size_t const end = head.find("\r\n", at);
        std::string_view const field = head.substr(at, end - at);
        at = end == std::string_view::npos ? head.size() : end + 2;
        std::size_t const colon = field.find(':');
        if (colon == std::string_view::npos || !is_host_field(field.substr(0, colon))) continue;
        if (!leads_to_us(without_blanks(field.substr(colon + 1))))
            return MetricsVerdict::wrong_host;
    }
    if (line.substr(0, first) != "GET") return MetricsVerdict::no_method;
    std::string_view const target = line.substr(first + 1, last - first - 1);
    bool const ours = target == "/metrics" || target.starts_with("/metrics?");
    return ours ? MetricsVerdict::show : MetricsVerdict::not_here;
}

}  // namespace satchel::node
