#include "src/node/prometheus_text.h"

#include <doctest/doctest.h>

#include "src/node/local_metrics.h"

using namespace satchel::node;

namespace {

bool has(std::string const& text, std::string const& line) {
    return text.find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("prometheus text: figures, ages and labels") {
    Metrics metrics;
    metrics.now = 10'000;
    metrics.storage.blobs = 3;
    metrics.refusals = {{"too-large", 2}};
    metrics.deposits.detached_bytes = 5'000'000'000;
    metrics.escrow = satchel::node::Escrow::Census{
        .waiting = 4, .lacks_copies = 1, .bytes = 9, .recipients = 2, .oldest = 9'000};
    metrics.dht.joined = true;
    metrics.events = {{"stored", 7}};
    metrics.queue = QueueMetrics{
        .messages = 2, .states = {{"queued", {3, 9'400}}, {"escrowed", {1, 0}}}, .events = {}};
    std::string const text = prometheus_text(metrics);
    CHECK(has(text, "satchel_storage_blobs 3"));
    CHECK(has(text, "satchel_offers_refused_total{code=\"too-large\"} 2"));
    CHECK(has(text, "satchel_detached_bytes_total 5000000000"));
    CHECK(has(text, "satchel_escrow_attachments{state=\"waiting\"} 4"));
    CHECK(has(text, "satchel_escrow_oldest_seconds 1000"));
    CHECK(has(text, "satchel_dht_joined 1"));
    CHECK(has(text, "satchel_events_total{process=\"node\",event=\"stored\"} 7"));
    CHECK(has(text, "satchel_gateway_up 1"));
    CHECK(has(text, "satchel_queue_recipients{state=\"queued\"} 3"));
    CHECK(has(text, "satchel_queue_oldest_seconds{state=\"queued\"} 600"));
    CHECK(has(text, "satchel_queue_oldest_seconds{state=\"escrowed\"} 0"));
    CHECK(has(text, "# TYPE satchel_detached_bytes_total counter"));
}

TEST_CASE("prometheus text: what is not there is not told") {
    std::string const text = prometheus_text(Metrics());
    CHECK(has(text, "satchel_gateway_up 0"));
    CHECK(text.find("satchel_escrow") == std::string::npos);
    CHECK(text.find("satchel_queue") == std::string::npos);
}

TEST_CASE("local metrics: there and back, and nothing else") {
    QueueMetrics const metrics{
        .messages = 2, .states = {{"queued", {3, 9'400}}}, .events = {{"planned", 5}}};
    auto const back = queue_metrics_of(json_of(metrics));
    REQUIRE(back);
    CHECK(back->messages == 2);
    CHECK(back->states.at("queued").oldest == 9'400);
    CHECK(back->events == metrics.events);
    for (char const* text : {"{}", "[]", "7", R"({"messages": "2", "states": {}, "events": {}})",
                             R"({"messages": 2, "states": [], "events": {}})",
                             R"({"messages": 2, "states": {"a": 1}, "events": {}})",
                             R"({"messages": 2, "states": {}, "events": {"a": "b"}})"}) {
        CAPTURE(text);
        CHECK_FALSE(queue_metrics_of(nlohmann::json::parse(text)));
    }
}
