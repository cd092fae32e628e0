#include "dht/opendht_node.h"

#include <algorithm>

#include "dht/datagram_lengths.h"
#include "src/base/atomic_file.h"

namespace satchel::location {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr unsigned well_connected = 8;   // OpenDHT keeps each value on 8 nodes
constexpr unsigned looks_to_settle = 5;  // in a small network: as many neighbours five times over
constexpr auto joining_pause = 50ms;
constexpr auto idle_pause = 2s;
constexpr auto look_around_max = 180s;
/// A search that nobody answers lasts for seconds, and OpenDHT's work grows with the square of
/// those under way.
constexpr auto unanswered_pause_min = 1s;
constexpr auto unanswered_pause_max = 30s;
constexpr auto call_again = 4s;  // a machine that is back online is to be seen within 5 s
constexpr std::size_t state_file_bytes_max = 64 * 1024;
constexpr auto save_first = 10s;
constexpr auto save_every = 5min;
constexpr std::size_t calls_at_once = 32;
/// A longer one lists over 1,700 values of a key, and OpenDHT would ask for each at once.
constexpr std::size_t datagram_bytes_max = 16 * 1024;
constexpr auto lost_call_pause = 5s;

template <class Duration>
std::chrono::milliseconds in_ms(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
}

}  // namespace

OpendhtNode::OpendhtNode(asio::io_context& owner, OpendhtOptions options, Clock const& clock,
                         Randomness& randomness, EventLog const& log)
    : owner_(owner)
    , options_(std::move(options))
    , clock_(clock)
    , randomness_(randomness)
    , log_(log)
    , timer_(owner)
    , wake_(owner.get_executor()) {}

Result<std::shared_ptr<OpendhtNode>> OpendhtNode::open(asio::io_context& owner,
                                                       OpendhtOptions options, Clock const& clock,
                                                       Randomness& randomness,
                                                       EventLog const& log) {
    std::shared_ptr<OpendhtNode> node(
        new OpendhtNode(owner, std::move(options), clock, randomness, log));
    if (auto begun = node->begin(); !begun) return fail(begun.error());
    return node;
}

Status OpendhtNode::begin() {
    auto ports = UdpPorts::open(owner_, options_.listen, options_.fate);
    if (!ports) return fail(ports.error());
    ports_ = std::move(*ports);
    load_state();

    ::dht::Config config;
    config.network = options_.network;
    config.node_id = ::dht::InfoHash(state_.id.data(), state_.id.size());
    config.max_store_size = static_cast<ssize_t>(options_.store_bytes);
    // On loopback all neighbours share one address, and with it one allowance.
    config.max_peer_req_per_sec = listening().is_loopback() ? -1 : 0;
    try {
        dht_ = std::make_unique<::dht::Dht>(std::make_unique<OpendhtSocket>(ports_), config,
                                            std::shared_ptr<::dht::Logger>{});
        install_policies(*dht_, clock_, options_.counts_loopback);  // before anybody knows us
        for (auto const& peer : state_.peers) {
            dht_->insertNode(::dht::InfoHash(peer.id.data(), peer.id.size()),
                             to_sock_addr(peer.endpoint));
        }
    } catch (std::exception const& e) {
        return fail(Fault::unavailable, std::string("OpenDHT does not start: ") + e.what());
    }
    started_ = steady_clock::now();
    next_save_ = started_ + save_first;
    ports_->start([weak = weak_from_this()](ByteSpan datagram, ::dht::SockAddr from) {
        auto const self = weak.lock();
        if (self && datagram.size() <= datagram_bytes_max && lengths_hold(datagram))
            self->tick(datagram, std::move(from));
    });
    tick({}, {});
    asio::co_spawn(owner_, stay_connected(shared_from_this()), asio::detached);
    return {};
}

void OpendhtNode::load_state() {
    callable_ = options_.bootstrap;
    state_.id = randomness_.array<20>();
    if (options_.state_file.empty()) return;
    auto const text = read_whole_file(options_.state_file, state_file_bytes_max);
    if (!text) {
        if (text.error().fault != Fault::not_found)
            log_.warning("dht_state_unreadable", {{"reason", text.error().what}});
        return;
    }
    auto state = parse_node_state(text_of(*text));
    if (!state) {
        log_.warning("dht_state_unreadable", {{"reason", state.error().what}});
        return;
    }
    state_ = std::move(*state);
    for (auto const& peer : state_.peers)
        callable_.push_back(peer.endpoint);
}

void OpendhtNode::save_state() {
    next_save_ = steady_clock::now() + save_every;
    if (options_.state_file.empty() || !dht_) return;
    std::vector<KnownPeer> peers;
    try {
        for (auto const& node : dht_->exportNodes()) {
            auto endpoint = to_endpoint(::dht::SockAddr(node.ss, node.sslen));
            if (!endpoint) continue;
            KnownPeer peer{{}, std::move(*endpoint)};
            std::copy_n(node.id.data(), peer.id.size(), peer.id.begin());
            peers.push_back(std::move(peer));
        }
    } catch (std::exception const& e) {
        log_.warning("dht_state_not_saved", {{"reason", e.what()}});
    }
    // With no neighbour at the moment the old ones are the best we know.
    if (!peers.empty()) state_.peers = std::move(peers);
    auto const text = format_node_state(state_);
    if (auto saved = write_atomically(options_.state_file, bytes_of(text)); !saved)
        log_.warning("dht_state_not_saved", {{"reason", saved.error().what}});
}

void OpendhtNode::tick(ByteSpan datagram, ::dht::SockAddr from) {
    if (!dht_) return;
    UnnamedTypesRefused const refused;
    try {
        schedule(
            dht_->periodic(datagram.data(), datagram.size(), std::move(from), steady_clock::now()));
    } catch (std::exception const& e) {
        log_.warning("dht_failed", {{"reason", e.what()}});
        schedule(steady_clock::now() + 100ms);
    }
}

void OpendhtNode::schedule(Ticks next) {
    next = std::min(next, steady_clock::now() + 1h);  // OpenDHT says "never" with the largest time
    if (next == armed_) return;
    armed_ = next;
    timer_.expires_at(next);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code cancelled) {
        auto const self = weak.lock();
        if (cancelled || !self) return;
        self->armed_ = {};
        self->tick({}, {});
    });
}

bool OpendhtNode::with_dht(std::function<void(::dht::Dht&)> const& work) {
    if (!dht_) return false;
    try {
        work(*dht_);
    } catch (std::exception const& e) {
        log_.warning("dht_failed", {{"reason", e.what()}});
        return false;
    }
    tick({}, {});
    return true;
}

void OpendhtNode::wake_at_stop(std::weak_ptr<WakeUp> waiter) {
    std::erase_if(waiters_, [](auto const& old) { return old.expired(); });
    waiters_.push_back(std::move(waiter));
}

LocationStats OpendhtNode::stats() const {
    LocationStats stats;
    if (!dht_) return stats;
    for (auto const family : {AF_INET, AF_INET6}) {
        auto const nodes = dht_->getNodesStats(static_cast<sa_family_t>(family));
        stats.good_nodes += nodes.good_nodes;
        stats.known_nodes += nodes.getKnownNodes();
        for (auto const& seen : dht_->getPublicAddress(static_cast<sa_family_t>(family)))
            if (auto const endpoint = to_endpoint(seen)) stats.seen_ips.push_back(endpoint->ip);
    }
    stats.stored_values = dht_->getStoreSize().second;
    stats.joined = joined_;
    return stats;
}

Endpoint OpendhtNode::listening() const {
    return to_endpoint(ports_->bound(AF_UNSPEC)).value_or(options_.listen);
}

void OpendhtNode::stop() {
    if (!dht_) return;
    save_state();
    ports_->close();
    timer_.cancel();
    dht_.reset();
    joined_ = false;
    wake_.notify();
    for (auto const& waiter : std::exchange(waiters_, {}))
        if (auto const lives = waiter.lock()) lives->notify();
}

asio::awaitable<void> OpendhtNode::stay_connected(std::shared_ptr<OpendhtNode> self) {
    while (!self->stopped()) {
        auto const pause = self->look_after_neighbours();
        co_await self->wake_.wait_for(pause);
    }
}

std::chrono::milliseconds OpendhtNode::look_after_neighbours() {
    auto const now = steady_clock::now();
    auto const neighbours = stats();
    auto const good = neighbours.good_nodes;
    auto const before = std::exchange(last_good_, good);
    if (now >= next_save_) save_state();
    if (good == 0) {
        joined_ = alone();
        if (now >= next_call_) call_peers();
        if (neighbours.known_nodes > 0 && now >= next_look_around_) look_around();
        return now - started_ < 1min ? in_ms(joining_pause) : 250ms;
    }
    if (before == 0) {  // the first neighbour, or the first after a time without
        met_ = true;
        joined_ = false;
        steady_looks_ = 0;
        next_look_around_ = now;
    }
    steady_looks_ = good == before ? steady_looks_ + 1 : 0;
    known_most_ = std::max(known_most_, neighbours.known_nodes);
    if (joined_ && !calling_lost_ && neighbours.known_nodes * 4 < known_most_ * 3) {
        // Many died, or the network fell apart: be as eager as a newcomer, and call the lost ones.
        calling_lost_ = true;
        look_around_pause_ = in_ms(joining_pause);
        next_look_around_ = now;
    }
    if (now >= next_look_around_) look_around();
    if (calling_lost_ && now >= next_lost_call_) call_lost_peers(neighbours.known_nodes);
    if (!joined_ && (good >= well_connected || steady_looks_ >= looks_to_settle)) {
        joined_ = true;
        look_around_pause_ = in_ms(idle_pause);
        log_.detail("dht_joined", {{"neighbours", std::to_string(good)}});
    }
    return joined_ ? in_ms(idle_pause) : in_ms(joining_pause);
}

void OpendhtNode::call(std::vector<Endpoint> peers) {
    for (Endpoint const& known : callable_)
        if (std::find(peers.begin(), peers.end(), known) == peers.end()) peers.push_back(known);
    callable_ = std::move(peers);
    next_call_ = {};
    wake_.notify();
}

void OpendhtNode::call_peers() {
    auto const now = steady_clock::now();
    next_call_ = now + (now - started_ < 1min ? 1s : call_again);
    auto const count = std::min(callable_.size(), calls_at_once);
    for (std::size_t i = 0; i < count; ++i)
        ping(callable_[i]);
}

void OpendhtNode::ping(Endpoint const& peer, std::function<void(bool)> told) {
    auto const sent = steady_clock::now();
    auto answered = [weak = weak_from_this(), sent, peer, told = std::move(told)](bool ok) {
        if (told) told(ok);
        auto const self = weak.lock();
        if (!ok || !self) return;
        self->lost_.note_answer(peer);
        auto const took =
            std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - sent);
        self->round_trip_ = (self->round_trip_ * 3 + took) / 4;
    };
    with_dht([&](::dht::Dht& dht) { dht.pingNode(to_sock_addr(peer), std::move(answered)); });
}

void OpendhtNode::look_around() {
    auto const now = steady_clock::now();
    auto const longer = look_around_pause_ * 2;
    if (last_good_ == 0)
        look_around_pause_ =
            std::clamp(longer, in_ms(unanswered_pause_min), in_ms(unanswered_pause_max));
    else if (joined_)
        look_around_pause_ = std::clamp(longer, in_ms(joining_pause), in_ms(look_around_max));
    else
        look_around_pause_ = in_ms(joining_pause);
    next_look_around_ = now + look_around_pause_;
    auto const random = randomness_.array<20>();
    ::dht::GetCallback const go_on = [](auto const&) { return true; };
    with_dht([&](::dht::Dht& dht) {
        dht.get(dht.getNodeId(), go_on, ::dht::DoneCallback{});
        dht.get(::dht::InfoHash(random.data(), random.size()), go_on, ::dht::DoneCallback{});
    });
    if (!joined_ || !dht_) return;
    // Two halves of a network that was cut forget each other; these calls lead back.
    if (!callable_.empty()) ping(callable_[next_called_++ % callable_.size()]);
    std::vector<Endpoint> neighbours;
    for (auto const& node : dht_->exportNodes())
        if (auto peer = to_endpoint(::dht::SockAddr(node.ss, node.sslen)))
            neighbours.push_back(std::move(*peer));
    // A measure of the round trip that stays fresh.
    if (!neighbours.empty()) ping(neighbours[random[0] % neighbours.size()]);
    lost_.note_neighbours(std::move(neighbours));
}

void OpendhtNode::call_lost_peers(unsigned known_nodes) {
    next_lost_call_ = steady_clock::now() + lost_call_pause;
    auto const turns = lost_.take_turns();
    for (auto const& peer : turns)
        ping(peer);
    if (!turns.empty()) return;
    calling_lost_ = false;
    known_most_ = known_nodes;
}

}  // namespace satchel::location
