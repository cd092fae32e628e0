// What the home's gateway asks of escrow, over the local socket.
#include "src/node/json_values.h"
#include "src/node/node_verbs.h"

namespace satchel::node {

namespace {

char const* word_of(mailgw::EscrowState state) {
    switch (state) {
        case mailgw::EscrowState::waiting:
            return "waiting";
        case mailgw::EscrowState::delivered:
            return "delivered";
        case mailgw::EscrowState::unknown:
            return "unknown";
    }
    return "unknown";
}

auto no_escrow() {
    return fail(Fault::unavailable, "this node keeps nothing for others");
}

}  // namespace

asio::awaitable<Result<Json>> NodeVerbs::escrow_look(LocalCall& call) {
    auto tickets = texts_at(call.request.args, "tickets");
    if (!tickets) co_return fail(tickets.error());
    if (world_.escrow == nullptr) co_return no_escrow();
    auto const reports = co_await world_.escrow->look(std::move(*tickets));
    if (!reports) co_return fail(reports.error());
    Json list = Json::array();
    for (mailgw::EscrowReport const& report : *reports) {
        list.push_back({{"state", word_of(report.state)},
                        {"bytes", report.bytes},
                        {"receipt", base64_or_null(report.receipt)},
                        {"route", report.route},
                        {"reason", report.reason},
                        {"tries", report.tries},
                        {"next_try", report.next_try}});
    }
    co_return Json{{"reports", list}};
}

asio::awaitable<Result<Json>> NodeVerbs::escrow_hurry(LocalCall& call) {
    auto const tickets = texts_at(call.request.args, "tickets");
    if (!tickets) co_return fail(tickets.error());
    if (world_.escrow == nullptr) co_return no_escrow();
    world_.escrow->hurry(*tickets);
    co_return Json::object();
}

asio::awaitable<Result<Json>> NodeVerbs::escrow_release(LocalCall& call) {
    auto tickets = texts_at(call.request.args, "tickets");
    if (!tickets) co_return fail(tickets.error());
    if (world_.escrow == nullptr) co_return no_escrow();
    auto const released = co_await world_.escrow->release(std::move(*tickets));
    if (!released) co_return fail(released.error());
    co_return Json::object();
}

}  // namespace satchel::node
