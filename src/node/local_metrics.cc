#include "src/node/local_metrics.h"

#include "src/node/json_values.h"

namespace satchel::node {

using Json = nlohmann::json;

Json json_of(QueueMetrics const& metrics) {
    Json states = Json::object();
    for (auto const& [state, figures] : metrics.states)
        states[state] = {{"recipients", figures.recipients}, {"oldest", figures.oldest}};
    return {{"messages", metrics.messages}, {"states", states}, {"events", metrics.events}};
}

Result<QueueMetrics> queue_metrics_of(Json const& json) {
    auto const messages = number_at(json, "messages");
    if (!messages) return fail(messages.error());
    if (!json.contains("states") || !json.at("states").is_object() || !json.contains("events") ||
        !json.at("events").is_object())
        return fail(Fault::usage, "states and events are wanted");
    QueueMetrics metrics;
    metrics.messages = *messages;
    for (auto const& [state, figures] : json.at("states").items()) {
        auto const recipients = number_at(figures, "recipients");
        auto const oldest = number_at(figures, "oldest");
        if (!recipients || !oldest) return fail(Fault::usage, state + ": recipients and oldest");
        metrics.states[state] = {*recipients, *oldest};
    }
    for (auto const& [event, unused] : json.at("events").items()) {
        auto const count = number_at(json.at("events"), event.c_str());
        if (!count) return fail(count.error());
        metrics.events[event] = *count;
    }
    return metrics;
}

}  // namespace satchel::node
