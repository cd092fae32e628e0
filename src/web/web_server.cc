#include "src/web/web_server.h"

#include <algorithm>
#include <list>

#include "src/core/reference.h"
#include "src/node/json_values.h"
#include "src/web/page_visit.h"

namespace satchel::web {

namespace {

using asio::ip::tcp;

constexpr std::size_t visits_max = 128;

}  // namespace

struct WebServer::State : std::enable_shared_from_this<WebServer::State> {
    explicit State(Surroundings const& around)
        : house{around.owner, around.desk, Sessions(around.clock, around.randomness),
                host_of_page(around.page), around.log}
        , acceptor(around.owner) {}

    static asio::awaitable<void> accept_all(std::shared_ptr<State> self);
    static asio::awaitable<void> serve(std::shared_ptr<State> self,
                                       std::shared_ptr<PageVisit> visit);
    void make_room();

    PageHouse house;
    tcp::acceptor acceptor;
    std::list<std::shared_ptr<PageVisit>> visits;  ///< the oldest first
};

Result<std::unique_ptr<WebServer>> WebServer::start(Surroundings surroundings,
                                                    Endpoint const& listen) {
    auto state = std::make_shared<State>(surroundings);
    boost::system::error_code failed;
    auto const address = asio::ip::make_address(listen.ip, failed);
    tcp::endpoint const endpoint(address, listen.port);
    if (!failed) state->acceptor.open(endpoint.protocol(), failed);
    if (!failed) state->acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
    if (!failed) state->acceptor.bind(endpoint, failed);
    if (!failed) state->acceptor.listen(asio::socket_base::max_listen_connections, failed);
    if (failed) {
        bool const taken = failed == asio::error::address_in_use;
        return fail(taken ? Fault::unavailable : Fault::config,
                    "web.listen: " + listen.to_string() + ": " + failed.message());
    }
    asio::co_spawn(surroundings.owner, State::accept_all(state), asio::detached);
    return std::unique_ptr<WebServer>(new WebServer(std::move(state)));
}

WebServer::WebServer(std::shared_ptr<State> state)
    : state_(std::move(state)) {}

WebServer::~WebServer() {
    stop();
}

Endpoint WebServer::listening() const {
    boost::system::error_code ignored;
    auto const endpoint = state_->acceptor.local_endpoint(ignored);
    return {endpoint.address().to_string(), endpoint.port()};
}

void WebServer::stop() {
    state_->house.stopped = true;
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
    for (auto const& visit : state_->visits)
        visit->close();
}

/// Whoever fills all places without a session must not keep the owner out.
void WebServer::State::make_room() {
    if (visits.size() < visits_max) return;
    auto const stranger =
        std::ranges::find_if(visits, [](auto const& visit) { return !visit->is_known(); });
    (stranger == visits.end() ? visits.front() : *stranger)->close();
    visits.erase(stranger == visits.end() ? visits.begin() : stranger);
}

asio::awaitable<void> WebServer::State::accept_all(std::shared_ptr<State> self) {
    while (!self->house.stopped) {
        tcp::socket socket(self->house.owner);
        boost::system::error_code failed;
        co_await self->acceptor.async_accept(socket,
                                             asio::redirect_error(asio::use_awaitable, failed));
        if (self->house.stopped) co_return;
        if (failed) {
            // Out of descriptors, most likely: others will be closed meanwhile.
            asio::steady_timer pause(self->house.owner, std::chrono::milliseconds(100));
            co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failed));
            continue;
        }
        self->make_room();
        auto visit = std::make_shared<PageVisit>(self->house, std::move(socket));
        self->visits.push_back(visit);
        asio::co_spawn(self->house.owner, serve(self, std::move(visit)), asio::detached);
    }
}

asio::awaitable<void> WebServer::State::serve(std::shared_ptr<State> self,
                                              std::shared_ptr<PageVisit> visit) {
    co_await visit->serve();
    std::erase(self->visits, visit);
}

asio::awaitable<Result<node::Json>> WebServer::open_page(node::LocalCall& call) {
    auto const ref = node::text_at(call.request.args, "ref");
    if (!ref) co_return fail(ref.error());
    std::string place;
    if (!ref->empty()) {
        auto const id = content_id_in(*ref);
        if (!id) co_return fail(id.error());
        place = "&a=" + id->to_hex();
    }
    Endpoint own = listening();
    if (own.ip == "0.0.0.0") own.ip = "127.0.0.1";
    if (own.ip == "::") own.ip = "::1";
    // Behind the #, so that no server and no log on the way ever sees it.
    co_return node::Json{{"url", "http://" + own.to_string() +
                                     "/#token=" + state_->house.sessions.make_token() + place}};
}

}  // namespace satchel::web
