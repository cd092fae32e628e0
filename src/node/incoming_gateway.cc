#include "src/node/incoming_gateway.h"

#include <algorithm>

#include <netdb.h>
#include <netinet/in.h>

#include "src/core/locator.h"

namespace satchel::node {

namespace {

using namespace std::chrono_literals;

constexpr auto call_period = 3min;
constexpr auto call_again_after_failure = 20s;
constexpr auto arrival_patience = 60s;
constexpr auto look_again_after = 100ms;

/// Blocks on the resolver.
Result<std::vector<Endpoint>> endpoints_of(std::string const& host_and_port) {
    if (auto const plain = Endpoint::parse(host_and_port)) return std::vector<Endpoint>{*plain};
    auto const colon = host_and_port.rfind(':');
    auto const host = host_and_port.substr(0, colon);
    auto const port = host_and_port.substr(colon + 1);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (int const error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0)
        return fail(Fault::unavailable, host + ": " + ::gai_strerror(error));
    std::vector<Endpoint> endpoints;
    for (addrinfo const* entry = found; entry != nullptr && endpoints.size() < 4;
         entry = entry->ai_next) {
        char name[NI_MAXHOST] = {};
        int const named = ::getnameinfo(entry->ai_addr, entry->ai_addrlen, name, sizeof name,
                                        nullptr, 0, NI_NUMERICHOST);
        std::string const ip = name;
        std::string text = ip.find(':') == std::string::npos ? ip : '[' + ip + ']';
        text.append(1, ':').append(port);
        if (named != 0) continue;
        if (auto endpoint = Endpoint::parse(text)) endpoints.push_back(*endpoint);
    }
    ::freeaddrinfo(found);
    if (endpoints.empty()) return fail(Fault::unavailable, host + " has no address");
    return endpoints;
}

}  // namespace

void IncomingGateway::start() {
    if (!is_known()) return;
    asio::co_spawn(
        world_.owner, [this] { return call_regularly(); }, asio::detached);
}

void IncomingGateway::stop() {
    stopped_ = true;
    timer_.cancel();
}

asio::awaitable<Result<transfer::Peer>> IncomingGateway::peer() {
    auto resolve = [name = world_.settings.incoming_gateway] { return endpoints_of(name); };
    auto endpoints = co_await world_.workers.await(std::move(resolve));
    if (!endpoints) co_return fail(endpoints.error());
    transfer::Peer peer{*world_.settings.incoming_gateway_key, std::move(*endpoints)};
    peer.own = true;
    co_return peer;
}

asio::awaitable<void> IncomingGateway::call_regularly() {
    boost::system::error_code ignored;
    bool told = false;
    while (!stopped_) {
        auto const gateway = co_await peer();
        Result<std::vector<Offer>> waiting = fail(Fault::unavailable, "");
        if (gateway) {
            waiting = co_await world_.client.ask_waiting(*gateway);
        } else {
            waiting = fail(gateway.error());
        }
        if (!waiting && !std::exchange(told, true))
            world_.log.warning("incoming_gateway_away", {{"why", waiting.error().what}});
        if (waiting) told = false;
        if (waiting && !waiting->empty())
            world_.log.info("waiting_there", {{"offers", std::to_string(waiting->size())}});
        if (stopped_) break;
        timer_.expires_after(waiting ? std::chrono::seconds(call_period)
                                     : call_again_after_failure);
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

asio::awaitable<Status> IncomingGateway::fetch(ContentId id, Progress progress) {
    auto const gateway = co_await peer();
    if (!gateway) co_return fail(gateway.error());
    auto const waiting = co_await world_.client.ask_waiting(*gateway, id);
    if (!waiting) {
        co_return fail(waiting.error().fault,
                       id.short_form() + "… is not stored here, and the incoming gateway: " +
                           waiting.error().what);
    }
    auto const offer = std::find_if(waiting->begin(), waiting->end(),
                                    [&](Offer const& one) { return one.content_id == id; });
    // Asking made the gateway bring it: it may have arrived between.
    if (offer == waiting->end()) {
        auto look = [this, id]() -> bool {
            auto const held = world_.store.find(id);
            return held && held->has_value();
        };
        if (co_await world_.workers.await(std::move(look))) co_return Status();
        co_return fail(Fault::not_found, id.short_form() +
                                             "… is neither stored here nor kept by the incoming "
                                             "gateway");
    }
    co_return co_await take(*gateway, *offer, std::move(progress));
}

asio::awaitable<Status> IncomingGateway::take(transfer::Peer peer, Offer offer, Progress progress) {
    auto begin = [this, offer] {
        return world_.store.receive(offer.content_id, offer.size, offer.sender);
    };
    auto upload = co_await world_.workers.await(std::move(begin));
    if (!upload) {
        // It is arriving from the gateway already, or has arrived.
        bool const coming =
            upload.error().fault == Fault::unavailable || upload.error().fault == Fault::refused;
        if (coming) co_return co_await await_arrival(offer.content_id);
        co_return fail(upload.error());
    }
    std::shared_ptr<transfer::BlobUpload> const into(std::move(*upload));
    transfer::ControlClient::BlobFetch fetch;
    fetch.id = offer.content_id;
    fetch.size = offer.size;
    fetch.into = into;
    fetch.progress = [progress, total = offer.size](std::uint64_t done) {
        if (progress) progress(done, total);
    };
    auto fetched = co_await world_.client.fetch_blob(std::move(peer), std::move(fetch));
    if (!fetched) co_return fetched;
    auto finish = [into, offer, now = world_.clock.unix_seconds()] {
        transfer::Holding holding;
        holding.recipient = offer.recipient;
        holding.sender = offer.sender;
        holding.offer = offer.id;
        holding.grant = offer.grant;
        holding.label = offer.label;
        holding.stored = now;
        return into->finish(holding);
    };
    co_return co_await world_.workers.await(std::move(finish));
}

asio::awaitable<Status> IncomingGateway::await_arrival(ContentId id) {
    asio::steady_timer timer(world_.owner);
    auto const deadline = std::chrono::steady_clock::now() + arrival_patience;
    boost::system::error_code ignored;
    while (std::chrono::steady_clock::now() < deadline) {
        auto look = [this, id] {
            auto const held = world_.store.find(id);
            return held && held->has_value();
        };
        if (co_await world_.workers.await(std::move(look))) co_return Status();
        timer.expires_after(look_again_after);
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    co_return fail(Fault::timed_out, id.short_form() + "… is on its way here; try again");
}

}  // namespace satchel::node
