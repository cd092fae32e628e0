#include "src/node/local_attachment_depot.h"

#include "src/node/json_values.h"

namespace satchel::node {

namespace {

Result<mailgw::DepositOutcome> outcome_of(Json const& json) {
    auto const recipient = text_at(json, "recipient");
    auto const stored = flag_at(json, "stored");
    auto const reason = text_at(json, "reason");
    auto grant = base64_at(json, "grant");
    auto restore = base64_at(json, "restore");
    auto receipt = base64_at(json, "receipt");
    auto const route = text_at(json, "route");
    auto ticket = text_at(json, "ticket");
    if (!recipient || !stored || !reason || !grant || !restore || !receipt || !route || !ticket) {
        return fail(Fault::corrupt, "the node's answer to a deposit makes no sense");
    }
    auto address = Address::parse(*recipient);
    if (!address) return fail(address.error());
    return mailgw::DepositOutcome{.recipient = std::move(*address),
                                  .stored = *stored,
                                  .ticket = std::move(*ticket),
                                  .reason = *reason,
                                  .grant = std::move(*grant),
                                  .sealed_restore = std::move(*restore),
                                  .receipt = std::move(*receipt),
                                  .route = *route};
}

}  // namespace

Result<mailgw::Deposit> LocalAttachmentDepot::deposit(mailgw::DepositOrder const& order) {
    Json recipients = Json::array();
    for (Address const& address : order.recipients)
        recipients.push_back(address.text());
    auto const answer = link_.call("deposit",
                                   {{"begin", order.source.begin},
                                    {"end", order.source.end},
                                    {"decoding", static_cast<unsigned>(order.source.decoding)},
                                    {"label", json_of(order.label)},
                                    {"restore", base64_or_null(order.restore)},
                                    {"sender", order.sender},
                                    {"may_escrow", order.may_escrow},
                                    {"recipients", recipients}},
                                   {order.source.fd});
    if (!answer) return fail(answer.error());
    auto const id_text = text_at(*answer, "content_id");
    auto const blob_bytes = number_at(*answer, "blob_bytes");
    if (!id_text || !blob_bytes)
        return fail(Fault::corrupt, "the node's answer to a deposit makes no sense");
    auto const id = ContentId::parse(*id_text);
    if (!id) return fail(id.error());
    mailgw::Deposit deposit{.content_id = *id, .blob_bytes = *blob_bytes, .outcomes = {}};
    for (Json const& item : answer->value("outcomes", Json::array())) {
        auto outcome = outcome_of(item);
        if (!outcome) return fail(outcome.error());
        deposit.outcomes.push_back(std::move(*outcome));
    }
    if (deposit.outcomes.size() != order.recipients.size()) {
        return fail(Fault::corrupt, "the node left out a recipient");
    }
    return deposit;
}

}  // namespace satchel::node
