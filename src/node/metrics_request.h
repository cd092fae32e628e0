// What a request to the metrics listener gets. Pure.
#pragma once

#include <string_view>

namespace satchel::node {

enum class MetricsVerdict {
    show,        ///< 200
    not_here,    ///< 404: another path
    no_method,   ///< 405: not GET
    wrong_host,  ///< 403: a name that was made to lead here (DNS rebinding)
    nonsense     ///< 400
};

/// `head` is one head of HTTP/1.1, its empty line included, from anybody on this machine.
MetricsVerdict judge_metrics_request(std::string_view head);

}  // namespace satchel::node
