#include "src/node/local_escrow_depot.h"

#include "src/node/json_values.h"

namespace satchel::node {

namespace {

Result<mailgw::EscrowReport> report_of(Json const& json) {
    auto const state = text_at(json, "state");
    auto const bytes = number_at(json, "bytes");
    auto receipt = base64_at(json, "receipt");
    auto route = text_at(json, "route");
    auto reason = text_at(json, "reason");
    auto const tries = number_at(json, "tries");
    auto const next_try = number_at(json, "next_try");
    if (!state || !bytes || !receipt || !route || !reason || !tries || !next_try)
        return fail(Fault::corrupt, "the node's answer about escrow makes no sense");
    mailgw::EscrowReport report{.state = mailgw::EscrowState::unknown,
                                .bytes = *bytes,
                                .receipt = std::move(*receipt),
                                .route = std::move(*route),
                                .reason = std::move(*reason),
                                .tries = *tries,
                                .next_try = *next_try};
    if (*state == "waiting") report.state = mailgw::EscrowState::waiting;
    if (*state == "delivered") report.state = mailgw::EscrowState::delivered;
    bool const known = report.state != mailgw::EscrowState::unknown || *state == "unknown";
    bool const sound = report.state != mailgw::EscrowState::delivered || !report.receipt.empty();
    if (!known || !sound)
        return fail(Fault::corrupt, "the node's answer about escrow makes no sense");
    return report;
}

}  // namespace

Result<std::vector<mailgw::EscrowReport>> LocalEscrowDepot::look(
    std::vector<std::string> const& tickets) {
    auto const answer = link_.call("escrow_look", {{"tickets", tickets}});
    if (!answer) return fail(answer.error());
    std::vector<mailgw::EscrowReport> reports;
    for (Json const& item : answer->value("reports", Json::array())) {
        auto report = report_of(item);
        if (!report) return fail(report.error());
        reports.push_back(std::move(*report));
    }
    if (reports.size() != tickets.size()) return fail(Fault::corrupt, "the node left out a ticket");
    return reports;
}

Status LocalEscrowDepot::hurry(std::vector<std::string> const& tickets) {
    auto const answer = link_.call("escrow_hurry", {{"tickets", tickets}});
    return answer ? Status() : Status(fail(answer.error()));
}

Status LocalEscrowDepot::release(std::vector<std::string> const& tickets) {
    auto const answer = link_.call("escrow_release", {{"tickets", tickets}});
    return answer ? Status() : Status(fail(answer.error()));
}

}  // namespace satchel::node
