#include "src/node/peer_node.h"

#include <nlohmann/json.hpp>

#include "src/node/peer_services.h"
#include "src/node/within.h"

namespace satchel::node {

namespace {

constexpr auto goodbye_patience = std::chrono::seconds(2);

}  // namespace

PeerNode::PeerNode(std::unique_ptr<PeerServices> services)
    : services_(std::move(services)) {}

PeerNode::~PeerNode() = default;

Result<std::unique_ptr<PeerNode>> PeerNode::start(asio::io_context& owner, PeerNodeOptions options,
                                                  Clock const& clock, Randomness& randomness,
                                                  EventLog const& log) {
    auto settings = options.settings;
    if (options.brief) {
        // A verb's own node must not stand in the way of the real one.
        settings.emplace_back("node.control_listen=127.0.0.1:0");
        settings.emplace_back("node.dht_listen=0.0.0.0:0");
    }
    auto const overrides = parse_overrides(settings);
    if (!overrides) return fail(overrides.error());
    auto config = load_config(options.home.root(), *overrides);
    if (!config) return fail(config.error());
    auto identity = load_identity(options.home.root());
    if (!identity) return fail(identity.error());
    auto trust = TrustSource::open(options.home, options.settings);
    if (!trust) return fail(trust.error());
    auto services =
        std::make_unique<PeerServices>(owner, std::move(options), clock, randomness, log,
                                       std::move(*config), std::move(*identity), std::move(*trust));
    for (auto const step :
         {&PeerServices::start_trust, &PeerServices::start_storage, &PeerServices::start_location,
          &PeerServices::start_escrow, &PeerServices::start_domain, &PeerServices::start_verbs,
          &PeerServices::start_page, &PeerServices::start_metrics})
        if (auto started = (*services.*step)(); !started) return fail(started.error());
    return std::unique_ptr<PeerNode>(new PeerNode(std::move(services)));
}

nlohmann::json PeerNode::ready() const {
    return {{"event", "ready"},
            {"node_key", services_->identity.node_public().to_base64()},
            {"control", services_->control->listening().to_string()},
            {"swarm", services_->swarm ? Json(services_->swarm->where()) : Json()},
            {"dht", services_->location->listening().to_string()},
            {"web", services_->verbs->page()}};
}

PageDesk* PeerNode::page() {
    return services_->page ? &*services_->page : nullptr;
}

Config const& PeerNode::config() const {
    return services_->config;
}

void PeerNode::tell_page(std::string const& endpoint, LocalApiServer::Handler open_page) {
    services_->verbs->tell_page(endpoint, std::move(open_page));
}

asio::awaitable<void> PeerNode::stop() {
    PeerServices& s = *services_;
    if (s.metrics) s.metrics->stop();
    s.local_api->stop();
    if (s.page) s.page->stop();
    s.introduction->stop();
    s.domains->stop();
    s.whereabouts->stop();
    s.host.set_available(false);
    s.host.probe_for_others(nullptr);
    s.host.set_escrow(nullptr);
    s.host.set_copy_keeper(nullptr);
    if (s.copies) s.copies->stop();
    s.host.serve_domain(nullptr, nullptr);
    s.host.open_lines(nullptr);
    s.lines.stop();
    if (s.inbox) s.inbox->stop();
    if (s.puller) s.puller->stop();
    s.board->stop();
    s.users.stop();
    if (s.devices) s.devices->stop();
    s.enroller->stop();
    s.guardian->stop();
    s.incoming_gateway->stop();
    if (s.escrow) s.escrow->stop();
    s.control->stop();
    s.host.set_swarm_room(nullptr);
    std::function<asio::awaitable<void>()> goodbye = [&s]() -> asio::awaitable<void> {
        co_await s.publisher->say_goodbye();
        co_await s.courier->deliver();
    };
    co_await wait_within(s.owner, goodbye_patience, std::move(goodbye));
    s.courier->stop();
    s.keeper->stop();
    s.client->stop();
    s.location->stop();
}

}  // namespace satchel::node
