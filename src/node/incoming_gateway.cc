#include "src/node/incoming_gateway.h"

#include <algorithm>
#include <set>

#include "src/core/locator.h"

namespace satchel::node {

namespace {

using namespace std::chrono_literals;

constexpr auto call_period = 3min;
constexpr auto call_again_after_failure = 20s;
constexpr auto line_again = 2s;
constexpr std::size_t coming_most = 32;  // a gateway may call as often as it likes

}  // namespace

void IncomingGateway::start() {
    asio::co_spawn(
        world_.owner, [this] { return call_regularly(); }, asio::detached);
}

void IncomingGateway::keep_line(GatewayPlace const& place) {
    bool const held = std::ranges::find(lines_, place) != lines_.end();
    if (!use_ || held) return;
    lines_.push_back(place);
    asio::co_spawn(
        world_.owner, [this, place] { return hold_line(place); }, asio::detached);
}

asio::awaitable<void> IncomingGateway::hold_line(GatewayPlace place) {
    asio::steady_timer pause(world_.owner);
    boost::system::error_code ignored;
    bool told = false;
    while (!stopped_) {
        auto const gateway = co_await world_.finder.reach(place);
        Result<transfer::LineAnswer> answer = fail(Fault::unavailable, "");
        if (gateway) {
            answer = co_await world_.client.hold_line(*gateway);
        } else {
            answer = fail(gateway.error());
        }
        if (stopped_) break;
        if (answer) {
            told = false;
            for (PullNotice& order : answer->orders)
                use_->follow(std::move(order));
            for (transfer::RelayToken const& token : answer->meetings) {
                asio::co_spawn(world_.owner, come_to({gateway->endpoints, token}), asio::detached);
            }
            continue;
        }
        if (!std::exchange(told, true))
            world_.log.warning("line_broken", {{"reason", answer.error().what}});
        pause.expires_after(line_again);
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

asio::awaitable<void> IncomingGateway::come_to(transfer::MeetingPlace place) {
    if (coming_ >= coming_most) co_return;
    ++coming_;
    auto socket = co_await world_.client.come_to_meeting(std::move(place));
    --coming_;
    if (socket && !stopped_) use_->serve(std::move(*socket));
}

void IncomingGateway::stop() {
    stopped_ = true;
    timer_.cancel();
}

asio::awaitable<std::vector<GatewayPlace>> IncomingGateway::places() {
    std::set<std::string> domains;
    for (Address const& address : world_.identity.addresses)
        domains.insert(address.domain());
    std::vector<GatewayPlace> places;
    for (std::string const& domain : domains) {
        auto place = co_await world_.finder.find(domain);
        if (place) world_.publisher.set_gateway(domain, *place);
        bool const other = place && place->key != world_.identity.node_public();
        if (other && std::ranges::find(places, *place) == places.end())
            places.push_back(std::move(*place));
    }
    co_return places;
}

asio::awaitable<Status> IncomingGateway::call(GatewayPlace place) {
    auto const gateway = co_await world_.finder.reach(place);
    if (!gateway) co_return fail(gateway.error());
    auto const waiting = co_await world_.client.ask_waiting(*gateway);
    if (!waiting) co_return fail(waiting.error());
    if (hear_ && !stopped_) hear_(place, *waiting);
    if (!waiting->empty())
        world_.log.info("waiting_there", {{"offers", std::to_string(waiting->size())}});
    co_return Status();
}

asio::awaitable<void> IncomingGateway::call_regularly() {
    boost::system::error_code ignored;
    bool told = false;
    while (!stopped_) {
        bool all = true;
        auto const gateways = co_await places();
        for (GatewayPlace const& place : gateways) {
            keep_line(place);
            Status const called = co_await call(place);
            all = all && called;
            if (!called && !std::exchange(told, true))
                world_.log.warning("incoming_gateway_away", {{"reason", called.error().what}});
        }
        if (all) told = false;
        if (stopped_) break;
        timer_.expires_after(all ? std::chrono::seconds(call_period) : call_again_after_failure);
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

asio::awaitable<Result<std::vector<BlobHolder>>> IncomingGateway::find(ContentId id) {
    Error last{Fault::not_found, id.short_form() + "… is not kept there"};
    std::vector<BlobHolder> holders;
    auto const gateways = co_await places();
    for (GatewayPlace const& place : gateways) {
        auto holder = co_await find_at(place, id);
        if (holder) {
            holders.push_back(std::move(*holder));
        } else {
            last = holder.error();
        }
    }
    if (holders.empty()) co_return fail(std::move(last));
    co_return holders;
}

asio::awaitable<Result<BlobHolder>> IncomingGateway::find_at(GatewayPlace place, ContentId id) {
    auto const gateway = co_await world_.finder.reach(std::move(place));
    if (!gateway) co_return fail(gateway.error());
    co_return co_await world_.fetcher.find(*gateway, id);
}

}  // namespace satchel::node
