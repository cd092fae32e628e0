#include "transfer/peer_connections.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>

#include "transfer/async_event.h"
#include "transfer/tls_channel.h"

namespace satchel::transfer {

using asio::ip::tcp;
using boost::system::error_code;
using Channel = std::shared_ptr<TlsChannel>;
using SteadyClock = std::chrono::steady_clock;

namespace {

constexpr std::chrono::hours bulk_patience{1};

/// A connection, and where it was dialled: nowhere, where both met at a gateway.
struct Dialled {
    Channel channel;
    std::optional<Endpoint> at;
};

struct IdleChannel {
    Dialled dialled;
    SteadyClock::time_point since;
};

struct NodeChannels {
    std::vector<IdleChannel> idle;                   ///< the last used one at the end
    std::map<Channel, std::optional<Endpoint>> out;  ///< leased
    std::size_t leases = 0;                          ///< with those still dialling
    std::size_t bulk_leases = 0;
    std::set<AsyncEvent*> waiting;

    bool unused() const { return idle.empty() && leases == 0 && waiting.empty(); }

    void wake() {
        for (AsyncEvent* const event : waiting)
            event->set();
    }
};

}  // namespace

struct PeerConnections::State : std::enable_shared_from_this<PeerConnections::State> {
    State(asio::io_context& io, TlsIdentity& tls, EndpointRule dial_rule,
          ClientLimits const& bounds)
        : owner(io)
        , identity(tls)
        , rule(std::move(dial_rule))
        , limits(bounds)
        , sweeper(io) {}

    asio::io_context& owner;
    TlsIdentity& identity;
    EndpointRule rule;
    ClientLimits limits;
    asio::steady_timer sweeper;
    bool sweeping = false;
    bool stopped = false;
    std::map<NodeKey, NodeChannels> nodes;

    std::optional<Dialled> take_idle(Peer const& peer);
    bool has_room(NodeKey const& key, Use use);
    void release(NodeKey const& key, Use use, Channel const& channel, bool keep);
    asio::awaitable<bool> wait_for_room(NodeKey key, Use use);
    asio::awaitable<Result<Dialled>> dial(Peer peer);
    asio::awaitable<Result<tcp::socket>> connect(Endpoint endpoint);
    asio::awaitable<Result<Channel>> dial_one(NodeKey key, Endpoint endpoint);
    asio::awaitable<Result<tcp::socket>> meet(MeetingPlace place, RelaySide side);
    asio::awaitable<Result<Channel>> dial_over_gateway(Peer peer);
    asio::awaitable<Result<Channel>> greet(NodeKey key, tcp::socket socket, std::string where);
    void sweep_later();
    void sweep();
    void forget_unused(NodeKey const& key);
};

struct PeerConnections::Lease::Parts {
    std::shared_ptr<State> state;
    NodeKey key;
    Use use = Use::request;
    Channel channel;
    bool reused = false;
    bool keep = false;

    Parts(std::shared_ptr<State> shared, NodeKey const& node, Use purpose)
        : state(std::move(shared))
        , key(node)
        , use(purpose) {
        NodeChannels& channels = state->nodes[key];
        ++channels.leases;
        if (use == Use::bulk) ++channels.bulk_leases;
    }

    Parts(Parts const&) = delete;
    Parts& operator=(Parts const&) = delete;

    ~Parts() { state->release(key, use, channel, keep); }

    void hold(Dialled held) {
        channel = held.channel;
        state->nodes[key].out.emplace(channel, std::move(held.at));
    }
};

PeerConnections::Lease::Lease(std::unique_ptr<Parts> parts)
    : parts_(std::move(parts)) {}

PeerConnections::Lease::Lease() = default;
PeerConnections::Lease::Lease(Lease&&) noexcept = default;
PeerConnections::Lease::~Lease() = default;

PeerConnections::Lease& PeerConnections::Lease::operator=(Lease&& other) noexcept {
    std::swap(parts_, other.parts_);
    return *this;
}

Channel const& PeerConnections::Lease::channel() const {
    return parts_->channel;
}

bool PeerConnections::Lease::is_reused() const {
    return parts_->reused;
}

void PeerConnections::Lease::keep() {
    parts_->keep = true;
}

PeerConnections::PeerConnections(asio::io_context& owner, TlsIdentity& identity, EndpointRule rule,
                                 ClientLimits const& limits)
    : state_(std::make_shared<State>(owner, identity, std::move(rule), limits)) {}

PeerConnections::~PeerConnections() {
    stop();
}

asio::awaitable<Result<tcp::socket>> PeerConnections::meet(MeetingPlace place, RelaySide side) {
    return state_->meet(std::move(place), side);
}

void PeerConnections::use_rule(EndpointRule rule) {
    state_->rule = std::move(rule);
}

void PeerConnections::stop() {
    state_->stopped = true;
    state_->sweeper.cancel();
    for (auto& [key, node] : state_->nodes) {
        node.idle.clear();
        for (auto const& [channel, at] : node.out)
            channel->close();
        node.wake();
    }
}

/// Of those that lead where the peer is now: it may have moved, and an old connection with nobody
/// at its other end looks like any other.
std::optional<Dialled> PeerConnections::State::take_idle(Peer const& peer) {
    auto& idle = nodes[peer.key].idle;
    for (auto one = idle.rbegin(); one != idle.rend(); ++one) {
        auto const& known = peer.endpoints;
        auto const& at = one->dialled.at;
        bool const there =
            at ? std::find(known.begin(), known.end(), *at) != known.end() : peer.meet != nullptr;
        if (!there) continue;
        Dialled taken = std::move(one->dialled);
        idle.erase(std::next(one).base());
        if (taken.channel->is_quiet()) return taken;
        return take_idle(peer);
    }
    return std::nullopt;
}

bool PeerConnections::State::has_room(NodeKey const& key, Use use) {
    NodeChannels const& node = nodes[key];
    if (use == Use::bulk && node.bulk_leases >= limits.bulk_per_node) return false;
    return node.leases < limits.connections_per_node;
}

void PeerConnections::State::release(NodeKey const& key, Use use, Channel const& channel,
                                     bool keep) {
    NodeChannels& node = nodes[key];
    --node.leases;
    if (use == Use::bulk) --node.bulk_leases;
    auto const held = channel ? node.out.extract(channel) : decltype(node.out)::node_type();
    if (keep && !held.empty() && !stopped) {
        node.idle.push_back({{channel, held.mapped()}, SteadyClock::now()});
        sweep_later();
    }
    node.wake();
    forget_unused(key);
}

void PeerConnections::State::forget_unused(NodeKey const& key) {
    auto const found = nodes.find(key);
    if (found != nodes.end() && found->second.unused()) nodes.erase(found);
}

asio::awaitable<bool> PeerConnections::State::wait_for_room(NodeKey key, Use use) {
    auto const patience =
        use == Use::bulk ? std::chrono::milliseconds(bulk_patience) : limits.answer;
    auto const deadline = SteadyClock::now() + patience;
    while (!stopped && !has_room(key, use)) {
        auto const left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now());
        if (left.count() <= 0) co_return false;
        AsyncEvent changed(owner.get_executor());
        nodes[key].waiting.insert(&changed);
        co_await changed.wait_for(left);
        nodes[key].waiting.erase(&changed);
    }
    co_return !stopped;
}

void PeerConnections::State::sweep_later() {
    if (sweeping) return;
    sweeping = true;
    sweeper.expires_after(limits.idle / 4);
    sweeper.async_wait([self = shared_from_this()](error_code error) {
        self->sweeping = false;
        if (!error) self->sweep();
    });
}

void PeerConnections::State::sweep() {
    auto const oldest = SteadyClock::now() - limits.idle;
    bool left = false;
    for (auto& [key, node] : nodes) {
        std::erase_if(node.idle, [&](IdleChannel const& one) {
            return one.since < oldest || !one.dialled.channel->is_quiet();
        });
        left = left || !node.idle.empty();
    }
    std::erase_if(nodes, [](auto const& entry) { return entry.second.unused(); });
    if (left && !stopped) sweep_later();
}

asio::awaitable<Result<tcp::socket>> PeerConnections::State::connect(Endpoint endpoint) {
    if (auto allowed = may_dial(endpoint, rule); !allowed) co_return fail(allowed.error());
    error_code error;
    tcp::endpoint const place(asio::ip::make_address(endpoint.ip, error), endpoint.port);
    if (error) co_return fail(Fault::usage, endpoint.to_string() + ": not an address");
    tcp::socket socket(owner);
    bool late = false;
    {
        SocketDeadline deadline(socket);
        deadline.expires_after(limits.connect);
        co_await socket.async_connect(place, asio::redirect_error(asio::use_awaitable, error));
        late = deadline.expired();
    }
    if (late) co_return fail(Fault::timed_out, endpoint.to_string() + ": no answer in time");
    if (error) co_return fail(Fault::unavailable, endpoint.to_string() + ": " + error.message());
    co_return socket;
}

asio::awaitable<Result<Channel>> PeerConnections::State::greet(NodeKey key, tcp::socket socket,
                                                               std::string where) {
    auto channel = std::make_shared<TlsChannel>(std::move(socket), identity.client());
    Status const greeted = co_await channel->dial_handshake(key, limits.handshake);
    if (!greeted) co_return fail(greeted.error().fault, where + ": " + greeted.error().what);
    co_return channel;
}

asio::awaitable<Result<Channel>> PeerConnections::State::dial_one(NodeKey key, Endpoint endpoint) {
    Result<tcp::socket> socket = co_await connect(endpoint);
    if (!socket) co_return fail(socket.error());
    co_return co_await greet(key, std::move(*socket), endpoint.to_string());
}

asio::awaitable<Result<tcp::socket>> PeerConnections::State::meet(MeetingPlace place,
                                                                  RelaySide side) {
    Result<tcp::socket> socket = fail(Fault::unavailable, "no endpoint of the gateway is known");
    for (Endpoint const& endpoint : place.endpoints) {
        socket = co_await connect(endpoint);
        if (socket) break;
    }
    if (!socket) co_return socket;
    auto const greeting = encode_relay_greeting({side, place.token});
    Byte answer = 0;
    error_code error;
    bool late = false;
    {
        SocketDeadline deadline(*socket);
        deadline.expires_after(limits.meet);
        co_await asio::async_write(*socket, asio::buffer(greeting),
                                   asio::redirect_error(asio::use_awaitable, error));
        if (!error) {
            co_await asio::async_read(*socket, asio::buffer(&answer, 1),
                                      asio::redirect_error(asio::use_awaitable, error));
        }
        late = deadline.expired();
    }
    if (late || error || answer != relay_joined)
        co_return fail(Fault::unavailable, "the other node did not come to the gateway");
    co_return socket;
}

asio::awaitable<Result<Channel>> PeerConnections::State::dial_over_gateway(Peer peer) {
    auto place = co_await peer.meet();
    if (!place) co_return fail(place.error());
    Result<tcp::socket> socket = co_await meet(std::move(*place), RelaySide::dialler);
    if (!socket) co_return fail(socket.error());
    co_return co_await greet(peer.key, std::move(*socket), "over the gateway");
}

/// The error that tells most: another key at any endpoint, else the last.
asio::awaitable<Result<Dialled>> PeerConnections::State::dial(Peer peer) {
    Error told{Fault::unavailable, "no endpoint of the node is known"};
    for (Endpoint const& endpoint : peer.endpoints) {
        Result<Channel> channel = co_await dial_one(peer.key, endpoint);
        if (stopped) break;
        if (channel) co_return Dialled{std::move(*channel), endpoint};
        if (told.fault != Fault::untrusted) told = channel.error();
    }
    if (peer.meet && !stopped) {
        Result<Channel> channel = co_await dial_over_gateway(peer);
        if (channel && !stopped) co_return Dialled{std::move(*channel), std::nullopt};
        if (!channel) told = channel.error();
    }
    if (stopped) co_return fail(Fault::unavailable, "this node is going down");
    co_return fail(std::move(told));
}

asio::awaitable<Result<PeerConnections::Lease>> PeerConnections::acquire(Peer peer, Use use,
                                                                         Origin origin) {
    auto const state = state_;
    bool const room = co_await state->wait_for_room(peer.key, use);
    if (state->stopped) co_return fail(Fault::unavailable, "this node is going down");
    if (!room) co_return fail(Fault::timed_out, "too many requests to this node under way");
    auto parts = std::make_unique<Lease::Parts>(state, peer.key, use);
    if (origin == Origin::any) {
        if (auto idle = state->take_idle(peer)) {
            parts->reused = true;
            parts->hold(std::move(*idle));
            co_return Lease(std::move(parts));
        }
    }
    Result<Dialled> dialled = co_await state->dial(std::move(peer));
    if (!dialled) co_return fail(dialled.error());
    parts->hold(std::move(*dialled));
    co_return Lease(std::move(parts));
}

}  // namespace satchel::transfer
