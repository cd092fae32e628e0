// The verbs that make, end and examine trust: enroll, revoke, doctor.
#include "src/node/json_values.h"
#include "src/node/node_verbs.h"

namespace satchel::node {

asio::awaitable<Result<Json>> NodeVerbs::enroll(LocalCall& call) {
    auto const text = text_at(call.request.args, "address");
    auto const code = text_at(call.request.args, "code");
    if (!text || !code) co_return fail(Fault::usage, "enroll: address and code");
    auto address = own_address(*text);
    if (!address) co_return fail(address.error());
    co_await wait_for_neighbours();
    auto const grant = co_await world_.enroller.enroll(*address, *code);
    if (!grant) co_return fail(grant.error());
    co_return Json{{"address", address->text()},
                   {"binding", *grant ? Json((*grant)->to_line()) : Json()}};
}

asio::awaitable<Result<Json>> NodeVerbs::revoke(LocalCall& call) {
    auto const text = text_at(call.request.args, "address");
    if (!text) co_return fail(text.error());
    auto const address = Address::parse(*text);
    if (!address) co_return fail(address.error());
    if (world_.guardian == nullptr) co_return fail(Fault::unavailable, "this node keeps nothing");
    co_await wait_for_neighbours();
    auto const revoked = co_await world_.guardian->revoke(*address);
    if (!revoked) co_return fail(revoked.error());
    Revocation const& revocation = revoked->revocation;
    co_return Json{{"address", revocation.address.text()},
                   {"epoch", revocation.epoch},
                   {"until", revocation.until},
                   {"placed", revoked->placed}};
}

asio::awaitable<Result<Json>> NodeVerbs::examine(LocalCall& call) {
    auto const settled = flag_at(call.request.args, "settled");
    if (!settled) co_return fail(Fault::usage, "doctor: settled");
    co_await wait_for_neighbours();
    Json findings = Json::array();
    for (Finding const& finding : co_await world_.doctor.examine(*settled)) {
        findings.push_back({{"check", finding.check},
                            {"state", to_string(finding.health)},
                            {"words", finding.words},
                            {"advice", finding.advice}});
    }
    co_return Json{{"findings", std::move(findings)}};
}

}  // namespace satchel::node
