#include "src/node/metrics_request.h"

#include <string>

#include <doctest/doctest.h>

using namespace satchel::node;

TEST_CASE("metrics request: who is shown what") {
    struct Row {
        char const* why;
        std::string head;
        MetricsVerdict verdict;
    };

    using V = MetricsVerdict;
    Row const rows[] = {
        {"Prometheus", "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:7481\r\n\r\n", V::show},
        {"with a query", "GET /metrics?x=1 HTTP/1.1\r\nhost:localhost:1\r\n\r\n", V::show},
        {"IPv6", "GET /metrics HTTP/1.1\r\nHost: [::1]:7481\r\n\r\n", V::show},
        {"no Host at all", "GET /metrics HTTP/1.1\r\n\r\n", V::wrong_host},
        {"another HTTP", "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n", V::nonsense},
        {"a blank before the colon", "GET /metrics HTTP/1.1\r\nHost : evil.test\r\n\r\n",
         V::nonsense},
        {"a page that leads its name here", "GET /metrics HTTP/1.1\r\nHost: evil.test:7481\r\n\r\n",
         V::wrong_host},
        {"a second Host", "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.test\r\n\r\n",
         V::nonsense},
        {"a name that begins well", "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1.evil.test\r\n\r\n",
         V::wrong_host},
        {"localhost of somebody", "GET /metrics HTTP/1.1\r\nHost: localhost.evil.test\r\n\r\n",
         V::wrong_host},
        {"an empty Host", "GET /metrics HTTP/1.1\r\nHost:\r\n\r\n", V::wrong_host},
        {"elsewhere", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", V::not_here},
        {"nearly", "GET /metricsx HTTP/1.1\r\nHost: localhost\r\n\r\n", V::not_here},
        {"another method", "POST /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", V::no_method},
        {"no HTTP", "GET /metrics\r\n\r\n", V::nonsense},
        {"two words", "GET HTTP/1.1\r\n\r\n", V::nonsense},
        {"no line", "GET /metrics HTTP/1.1", V::nonsense},
        {"nothing", "", V::nonsense},
        {"TLS", "\x16\x03\x01\x02", V::nonsense},
        {"a head without its end", "GET /metrics HTTP/1.1\r\nHost: evil.test", V::nonsense},
    };
    for (Row const& row : rows) {
        CAPTURE(row.why);
        CHECK(judge_metrics_request(row.head) == row.verdict);
    }
}
