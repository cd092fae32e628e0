#include "src/programs/whole/queue_json.h"

#include "src/base/base64.h"

namespace satchel::programs {

using Json = nlohmann::json;

namespace {

std::string plan_word(std::optional<mailgw::Plan> const& plan) {
    return plan ? to_string(*plan) : "";
}

std::uint64_t escrow_bytes(mailgw::SpooledRecipient const& recipient) {
    std::uint64_t bytes = 0;
    for (mailgw::StoredPart const& part : recipient.parts)
        if (part.in_escrow()) bytes += part.blob_bytes;
    return bytes;
}

}  // namespace

Json queue_json(std::vector<mailgw::SpooledMessage> const& messages) {
    Json list = Json::array();
    for (mailgw::SpooledMessage const& message : messages) {
        Json recipients = Json::array();
        for (mailgw::SpooledRecipient const& recipient : message.recipients) {
            recipients.push_back(
                {{"address", message.envelope.recipients.at(recipient.number).address},
                 {"plan", plan_word(recipient.plan)},
                 {"state", to_string(recipient.state)},
                 {"tries", recipient.tries},
                 {"next_try", recipient.next_try},
                 {"escrow_bytes", escrow_bytes(recipient)},
                 {"reason", recipient.trouble.empty() ? recipient.reason : recipient.trouble}});
        }
        list.push_back({{"id", message.id},
                        {"from", message.envelope.sender},
                        {"received", message.received},
                        {"recipients", recipients}});
    }
    return {{"messages", list}};
}

node::QueueMetrics queue_metrics(std::vector<mailgw::SpooledMessage> const& messages) {
    node::QueueMetrics metrics;
    metrics.messages = messages.size();
    for (mailgw::SpooledMessage const& message : messages) {
        for (mailgw::SpooledRecipient const& recipient : message.recipients) {
            node::QueueState& state = metrics.states[to_string(recipient.state)];
            ++state.recipients;
            bool const first = state.oldest == 0 || message.received < state.oldest;
            if (first) state.oldest = message.received;
        }
    }
    return metrics;
}

Json outcome_json(mailgw::SpooledMessage const& message) {
    Json recipients = Json::array();
    for (mailgw::SpooledRecipient const& recipient : message.recipients) {
        Json parts = Json::array();
        for (mailgw::StoredPart const& part : recipient.parts) {
            parts.push_back(
                {{"content_id", part.content_id.to_hex()},
                 {"bytes", part.bytes},
                 {"receipt", part.in_escrow() ? Json() : Json(to_base64(part.receipt))}});
        }
        recipients.push_back(
            {{"address", message.envelope.recipients.at(recipient.number).address},
             {"plan", plan_word(recipient.plan)},
             {"reason", recipient.trouble.empty() ? recipient.reason : recipient.trouble},
             {"parts", parts},
             {"state", to_string(recipient.state)}});
    }
    return {{"id", message.id}, {"recipients", recipients}};
}

Json plan_json(mailgw::MessagePlan const& plan, std::vector<std::string> const& recipients) {
    Json list = Json::array();
    for (std::size_t i = 0; i < plan.recipients.size(); ++i) {
        Json parts = Json::array();
        bool const detached = plan.recipients[i].planned.plan != mailgw::Plan::full;
        for (mailgw::DetachablePart const& part : plan.message.parts) {
            if (detached)
                parts.push_back(
                    {{"content_id", nullptr}, {"bytes", part.label.bytes}, {"receipt", nullptr}});
        }
        list.push_back({{"address", recipients.at(i)},
                        {"plan", to_string(plan.recipients[i].planned.plan)},
                        {"reason", plan.recipients[i].planned.reason},
                        {"parts", parts},
                        {"state", "planned"}});
    }
    return {{"recipients", list}};
}

}  // namespace satchel::programs
