// The verbs that make and end trust: enroll, revoke.
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
    co_return Json{
        {"address", revoked->address.text()}, {"epoch", revoked->epoch}, {"until", revoked->until}};
}

}  // namespace satchel::node
