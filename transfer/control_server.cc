#include "transfer/control_server.h"

#include <map>
#include <set>
#include <string>

#include "transfer/control_connection.h"
#include "transfer/endpoint_rule.h"
#include "transfer/tls_pinned.h"
#include "transfer/traffic.h"

namespace satchel::transfer {

using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds sweep_every{10};
constexpr std::chrono::milliseconds accept_pause{100};

/// How many of each there are, without entries for none.
template <class Key>
class Census {
public:
    std::size_t of(Key const& key) const {
        auto const found = counts_.find(key);
        return found == counts_.end() ? 0 : found->second;
    }

    void add(Key const& key) { ++counts_[key]; }

    void remove(Key const& key) {
        auto const found = counts_.find(key);
        if (found != counts_.end() && --found->second == 0) counts_.erase(found);
    }

private:
    std::map<Key, std::size_t> counts_;
};

BlobIntake::Surroundings intake_surroundings(ControlServer::Surroundings const& around) {
    return {around.owner.get_executor(),
            around.pool,
            around.store,
            around.host,
            around.node_key,
            around.clock};
}

}  // namespace

struct ControlServer::State : std::enable_shared_from_this<ControlServer::State> {
    State(Surroundings const& surroundings, TlsIdentity tls_identity, ServerLimits const& limits)
        : around(surroundings)
        , tls(std::move(tls_identity))
        , acceptor(surroundings.owner)
        , sweeper(surroundings.owner)
        , gone(surroundings.owner.get_executor())
        , house(surroundings.owner, intake_surroundings(surroundings), limits) {}

    Surroundings around;
    TlsIdentity tls;
    tcp::acceptor acceptor;
    asio::steady_timer sweeper;
    AsyncEvent gone;
    ControlHouse house;
    std::set<std::shared_ptr<ControlConnection>> connections;
    Census<std::string> by_address;
    Census<NodeKey> by_node;

    Status listen(Endpoint const& endpoint);
    void take(tcp::socket socket);
    static asio::awaitable<void> accept_all(std::shared_ptr<State> self);
    static asio::awaitable<void> serve(std::shared_ptr<State> self,
                                       std::shared_ptr<ControlConnection> connection,
                                       std::string address);
    asio::awaitable<void> serve_within_bounds(ControlConnection& connection);
    void sweep();
    void end_listening();
    void close_all();
};

Status ControlServer::State::listen(Endpoint const& endpoint) {
    error_code error;
    auto const address = asio::ip::make_address(endpoint.ip, error);
    tcp::endpoint const place(address, endpoint.port);
    if (!error) acceptor.open(place.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(place, error);
    if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
    if (!error) return {};
    return fail(Fault::config, "cannot listen on " + endpoint.to_string() + ": " + error.message());
}

asio::awaitable<void> ControlServer::State::accept_all(std::shared_ptr<State> self) {
    while (!self->house.stopping) {
        error_code error;
        tcp::socket socket =
            co_await self->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
        if (self->house.stopping) break;
        if (error) {  // out of descriptors, most likely
            asio::steady_timer pause(self->around.owner, accept_pause);
            co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
            continue;
        }
        self->take(std::move(socket));
    }
}

void ControlServer::State::take(tcp::socket socket) {
    error_code error;
    auto const remote = socket.remote_endpoint(error);
    if (error || house.stopping) return;
    std::string const address = remote.address().to_string();
    // Closed unheard: a handshake would cost more than the caller's patience.
    if (connections.size() >= house.limits.connections ||
        by_address.of(caller_of(address)) >= house.limits.connections_per_address) {
        return;
    }
    auto connection =
        std::make_shared<ControlConnection>(std::move(socket), address, tls.server(), house);
    connections.insert(connection);
    gone.clear();
    by_address.add(caller_of(address));
    asio::co_spawn(around.owner, serve(shared_from_this(), std::move(connection), address),
                   asio::detached);
}

asio::awaitable<void> ControlServer::State::serve(std::shared_ptr<State> self,
                                                  std::shared_ptr<ControlConnection> connection,
                                                  std::string address) {
    co_await self->serve_within_bounds(*connection);
    connection->close();
    self->by_address.remove(caller_of(address));
    self->connections.erase(connection);
    if (self->connections.empty()) self->gone.set();
}

asio::awaitable<void> ControlServer::State::serve_within_bounds(ControlConnection& connection) {
    auto const greeting = co_await connection.greet();
    if (greeting == ControlConnection::Greeting::none || house.stopping) co_return;
    if (greeting == ControlConnection::Greeting::relay) co_return co_await connection.relay();
    NodeKey const node = connection.peer();
    if (by_node.of(node) >= house.limits.connections_per_node) {
        around.log.warning("connection_refused", {{"node", node.short_form()}});
        co_await connection.turn_away();
        co_return;
    }
    by_node.add(node);
    co_await connection.serve();
    by_node.remove(node);
}

void ControlServer::State::sweep() {
    sweeper.expires_after(sweep_every);
    sweeper.async_wait([self = shared_from_this()](error_code error) {
        if (error || self->house.stopping) return;
        self->house.intake.sweep();
        self->sweep();
    });
}

void ControlServer::State::close_all() {
    house.relays.stop();
    house.bodies.stop();
    for (auto const& connection : connections)
        connection->close();
}

ControlServer::ControlServer(std::shared_ptr<State> state)
    : state_(std::move(state)) {}

ControlServer::~ControlServer() {
    stop();
}

Result<std::unique_ptr<ControlServer>> ControlServer::start(Surroundings surroundings,
                                                            Endpoint const& listen,
                                                            ServerLimits const& limits) {
    auto tls = TlsIdentity::create(surroundings.node_key);
    if (!tls) return fail(tls.error());
    ServerLimits bounds = limits;
    if (!bounds.traffic) bounds.traffic = std::make_shared<Traffic>();
    auto state = std::make_shared<State>(surroundings, std::move(*tls), bounds);
    if (auto status = state->listen(listen); !status) return fail(status.error());
    asio::co_spawn(surroundings.owner, State::accept_all(state), asio::detached);
    state->sweep();
    return std::unique_ptr<ControlServer>(new ControlServer(std::move(state)));
}

void ControlServer::take(tcp::socket socket) {
    state_->take(std::move(socket));
}

Endpoint ControlServer::listening() const {
    error_code ignored;
    auto const local = state_->acceptor.local_endpoint(ignored);
    return {local.address().to_string(), local.port()};
}

ServerTraffic ControlServer::traffic() const {
    return {state_->house.intake.received_bytes(), state_->house.sent_bytes,
            state_->connections.size(), state_->house.intake.offers().uploads()};
}

asio::awaitable<Admission> ControlServer::judge(Offer offer) const {
    Caller const caller{offer.sender_node, std::nullopt};
    return state_->house.session.judge(caller, std::move(offer));
}

std::vector<KnownOffer> ControlServer::offers_of(ContentId const& id) {
    state_->house.intake.give_up_idle(id);
    std::vector<KnownOffer> known;
    for (auto const& incoming : state_->house.intake.offers().of_content(id))
        if (!incoming->receipt) known.push_back({incoming->offer, incoming->account});
    return known;
}

void ControlServer::State::end_listening() {
    house.stopping = true;
    error_code ignored;
    acceptor.close(ignored);
    sweeper.cancel();
}

void ControlServer::stop() {
    state_->end_listening();
    state_->close_all();
}

asio::awaitable<void> ControlServer::drain() {
    auto const state = state_;
    state->end_listening();
    for (auto const& connection : state->connections) {
        if (!connection->is_busy()) connection->close();
    }
    if (state->connections.empty()) co_return;
    bool const drained = co_await state->gone.wait_for(state->house.limits.drain);
    if (drained) co_return;
    state->close_all();
    while (!state->connections.empty()) {
        state->gone.clear();
        co_await state->gone.wait();
    }
}

}  // namespace satchel::transfer
