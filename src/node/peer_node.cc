#include "src/node/peer_node.h"

#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "dht/inbox.h"
#include "dht/opendht_location_service.h"
#include "dht/silent_location_service.h"
#include "src/base/atomic_file.h"
#include "src/node/advertised_endpoints.h"
#include "src/node/control_pinger.h"
#include "src/node/enrolment_office.h"
#include "src/node/node_verbs.h"
#include "src/node/puller.h"
#include "src/node/record_courier.h"
#include "transfer/control_server.h"
#include "transfer/disk_blob_store.h"
#include "transfer/tls_pinned.h"
#include "transfer/traffic.h"

namespace satchel::node {

namespace {

constexpr unsigned worker_threads = 4;  // they wait for the disk as much as they compute
constexpr auto goodbye_patience = std::chrono::seconds(2);

/// Made once per home: who reads the storage record may read the presence.
Result<PresenceSecret> presence_secret_of(Home const& home, Randomness& randomness) {
    auto const file = home.root() / "keys" / "presence.secret";
    PresenceSecret secret{};
    auto const stored = read_whole_file(file, secret.size());
    if (stored && stored->size() == secret.size()) {
        std::copy(stored->begin(), stored->end(), secret.begin());
        return secret;
    }
    if (stored || stored.error().fault != Fault::not_found) {
        return fail(Fault::config,
                    file.string() + " is damaged; remove it and a new one will be made");
    }
    secret = randomness.array<32>();
    if (auto written = write_atomically(file, secret); !written) return fail(written.error());
    return secret;
}

transfer::EndpointRule endpoint_rule_of(Config const& config, Endpoint const& listening) {
    transfer::EndpointRule rule;
    if (auto subnets = transfer::own_subnets()) rule.own_subnets = std::move(*subnets);
    rule.listens_on_loopback = listening.is_loopback();
    rule.allow_private = config.node.allow_private_endpoints;
    return rule;
}

}  // namespace

struct PeerNode::Services {
    Services(asio::io_context& io, PeerNodeOptions given, Clock const& time, Randomness& chance,
             EventLog const& events, Config settings, Identity keys, TrustSource trusted)
        : owner(io)
        , options(std::move(given))
        , clock(time)
        , randomness(chance)
        , log(events)
        , config(std::move(settings))
        , identity(std::move(keys))
        , trust(std::move(trusted))
        , users({io, identity, trust, log}, config.node.serves)
        , workers(io, worker_threads)
        , host(config, users, trust, outgoing, log)
        , finder(config.node, workers)
        , lines(io) {}

    bool pull_only() const { return config.node.expose == Expose::pull_only; }

    Status start_storage();
    Status start_location();
    Status start_escrow();
    Status start_domain();
    Status start_verbs();

    asio::io_context& owner;
    PeerNodeOptions options;
    Clock const& clock;
    Randomness& randomness;
    EventLog const& log;
    Config config;
    Identity identity;
    TrustSource trust;
    OutgoingOffers outgoing;
    std::unique_ptr<transfer::DiskBlobStore> store;
    ServedUsers users;
    WorkerPool workers;
    StorageHost host;
    GatewayFinder finder;
    OpenLines lines;
    std::vector<Endpoint> endpoints;  ///< where this node can be dialled
    std::optional<transfer::TlsIdentity> tls;
    std::unique_ptr<transfer::ControlServer> control;
    std::optional<transfer::ControlClient> client;
    std::optional<ControlPinger> pinger;
    std::unique_ptr<location::OpendhtLocationService> location;
    std::optional<location::SilentLocationService> quiet;
    std::optional<location::RecordKeeper> keeper;
    std::optional<location::AddressResolver> resolver;
    std::optional<Publisher> publisher;
    std::optional<RecordCourier> courier;
    std::unique_ptr<RecordGuardian> guardian;
    std::unique_ptr<EnrolmentDesk> desk;
    std::optional<EnrolmentOffice> office;
    std::optional<Enroller> enroller;
    std::optional<location::NoticeBoard> board;
    std::optional<BlobCarrier> carrier;
    std::optional<Puller> puller;
    std::optional<location::Inbox> inbox;
    std::unique_ptr<Escrow> escrow;
    std::optional<BlobFetcher> fetcher;
    std::optional<OwnNodes> own_nodes;
    std::optional<IncomingGateway> incoming_gateway;
    std::optional<Depositor> depositor;
    std::optional<Retriever> retriever;
    std::optional<NodeVerbs> verbs;
    std::unique_ptr<LocalApiServer> local_api;
};

Status PeerNode::Services::start_storage() {
    std::error_code failed;
    std::filesystem::create_directories(config.node.storage_dir, failed);
    if (failed)
        return fail(Fault::config, config.node.storage_dir.string() + ": " + failed.message());
    transfer::DiskStoreOptions disk;
    disk.folder = config.node.storage_dir;
    disk.quota = {config.node.quota, config.node.quota_per_sender};
    auto opened = transfer::DiskBlobStore::open(std::move(disk), clock);
    if (!opened) return fail(opened.error());
    store = std::move(*opened);
    for (ContentId const& id : store->opening().lost)
        log.error("blob_lost", {{"content", id.short_form()}});
    auto identity_of_tls = transfer::TlsIdentity::create(identity.node_key);
    if (!identity_of_tls) return fail(identity_of_tls.error());
    tls.emplace(std::move(*identity_of_tls));
    auto const traffic = std::make_shared<transfer::Traffic>(
        transfer::TrafficLimits{config.node.upload_limit, config.node.download_limit});
    transfer::ServerLimits server_limits;
    server_limits.traffic = traffic;
    transfer::ClientLimits client_limits;
    client_limits.traffic = traffic;
    auto server = transfer::ControlServer::start(
        {owner, workers, *store, host, identity.node_key, clock, log}, config.node.control_listen,
        server_limits);
    if (!server) return fail(server.error());
    control = std::move(*server);
    client.emplace(owner, workers, *tls, endpoint_rule_of(config, control->listening()),
                   client_limits, &identity.user_key);
    pinger.emplace(*client, finder, lines, identity.node_public());
    return {};
}

Status PeerNode::Services::start_location() {
    location::OpendhtOptions dht;
    dht.listen = config.node.dht_listen;
    dht.bootstrap = config.node.dht_bootstrap;
    dht.network = config.node.dht_network;
    dht.state_file = options.home.dht_state_file();
    auto started =
        location::OpendhtLocationService::start(owner, std::move(dht), clock, randomness, log);
    if (!started) return fail(started.error());
    location = std::move(*started);
    // Records of a node that does not want to be seen are put by its gateway, where it has one.
    bool const silent = pull_only() && !config.node.incoming_gateway.empty();
    if (silent) quiet.emplace(*location);
    if (silent) {
        keeper.emplace(owner, *quiet, randomness, log);
    } else {
        keeper.emplace(owner, *location, randomness, log);
    }
    resolver.emplace(*location, workers, *pinger, clock);
    auto publications = PublicationList::load(options.home.publications_file());
    if (!publications) return fail(publications.error());
    auto const secret = presence_secret_of(options.home, randomness);
    if (!secret) return fail(secret.error());
    publisher.emplace(Publisher::World{*keeper, identity, clock, randomness, host.accept_policy(),
                                       config.node.page},
                      std::move(*publications), *secret);
    courier.emplace(RecordCourier::World{owner, finder, *client, identity.node_public(), log});
    publisher->on_signed([this](Address const& address, RecordEnvelope const& record) {
        // An open node's presence outlives it by two minutes: no gateway need keep it.
        if (record.kind == RecordKind::storage || pull_only()) courier->take(address, record);
    });
    courier->start();
    publisher->start();
    auto advertised = advertised_endpoints(control->listening(), config.node.advertise);
    if (!advertised) return fail(advertised.error());
    endpoints = std::move(*advertised);
    if (options.brief) return {};
    if (endpoints.empty() && !pull_only())
        log.warning("unreachable", {{"reason", "no interface is up; set node.advertise"}});
    host.set_available(true);
    users.start(*resolver, *publisher);
    publisher->be_present(pull_only() ? PresenceRecord{.available = true, .pull_only = true}
                                      : PresenceRecord{.available = true, .control = endpoints});
    return {};
}

/// What this home does for the domains whose keys it holds.
Status PeerNode::Services::start_domain() {
    auto kept =
        RecordGuardian::open({owner, workers, *keeper, trust, identity, options.home, clock, log});
    if (!kept) return fail(kept.error());
    guardian = std::move(*kept);
    enroller.emplace(Enroller::World{owner, workers, finder, *client, *publisher, identity, clock,
                                     log, options.home.root()});
    if (options.brief) return {};
    auto opened = EnrolmentDesk::open(options.home.root(), config, clock, randomness);
    if (!opened) return fail(opened.error());
    desk = std::move(*opened);
    office.emplace(EnrolmentOffice::World{workers, *desk, clock, randomness, log,
                                          options.home.gateway_socket()});
    host.serve_domain(&*office, guardian.get());
    guardian->start();
    enroller->start();
    return {};
}

Status PeerNode::Services::start_escrow() {
    board.emplace(owner, *location, workers, clock, randomness, log);
    carrier.emplace(BlobCarrier::World{owner, *client, workers, outgoing, *publisher, finder,
                                       *board, lines, endpoints, identity, clock, randomness, log});
    fetcher.emplace(BlobFetcher::World{owner, workers, *client, *store, clock});
    own_nodes.emplace(OwnNodes::World{*publisher, *resolver, *fetcher, identity, trust});
    incoming_gateway.emplace(
        IncomingGateway::World{owner, *client, *fetcher, finder, *publisher, identity, log});
    host.show_holdings(*store, workers, *carrier);
    if (options.brief) return {};
    auto opened =
        Escrow::open(config.node.storage_dir / "escrow", config.gateway.escrow_quota,
                     {owner, workers, *resolver, trust, *carrier, clock, randomness, log});
    if (!opened) return fail(opened.error());
    escrow = std::move(*opened);
    host.set_escrow(escrow.get());
    escrow->start();
    host.open_lines(&lines);
    puller.emplace(
        Puller::World{owner, workers, *client, *control, *fetcher, host, identity, clock, log});
    if (pull_only()) {
        auto follow = [this](PullNotice notice) { puller->follow(std::move(notice)); };
        incoming_gateway->hold_lines(follow);
        inbox.emplace(owner, *location, identity.node_key.copy(), clock, follow);
    }
    incoming_gateway->start();
    return {};
}

Status PeerNode::Services::start_verbs() {
    depositor.emplace(Depositor::World{owner, *resolver, *carrier, escrow.get(), workers,
                                       randomness, log, store->outbox()});
    retriever.emplace(owner, *store, workers, identity);
    verbs.emplace(NodeVerbs::World{owner, config, identity, trust, *location, *resolver, *publisher,
                                   *carrier, *depositor, escrow.get(), *own_nodes,
                                   *incoming_gateway, *enroller, guardian.get(), *retriever, host,
                                   *store, workers,
                                   Json{{"control", control->listening().to_string()},
                                        {"dht", location->listening().to_string()}}});
    auto serving = LocalApiServer::start(owner, options.home.node_socket(),
                                         [this](LocalCall& call) { return verbs->answer(call); });
    if (!serving) return fail(serving.error());
    local_api = std::move(*serving);
    return {};
}

PeerNode::PeerNode(std::unique_ptr<Services> services)
    : services_(std::move(services)) {}

PeerNode::~PeerNode() = default;

Result<std::unique_ptr<PeerNode>> PeerNode::start(asio::io_context& owner, PeerNodeOptions options,
                                                  Clock const& clock, Randomness& randomness,
                                                  EventLog const& log) {
    std::vector<ConfigOverride> overrides;
    auto settings = options.settings;
    if (options.brief) {
        // A verb's own node must not stand in the way of the real one.
        settings.emplace_back("node.control_listen=127.0.0.1:0");
        settings.emplace_back("node.dht_listen=0.0.0.0:0");
    }
    for (std::string const& setting : settings) {
        auto parsed = parse_override(setting);
        if (!parsed) return fail(parsed.error());
        overrides.push_back(std::move(*parsed));
    }
    auto config = load_config(options.home.root(), overrides);
    if (!config) return fail(config.error());
    auto identity = load_identity(options.home.root());
    if (!identity) return fail(identity.error());
    auto trust = TrustSource::open(options.home, options.settings);
    if (!trust) return fail(trust.error());
    auto services =
        std::make_unique<Services>(owner, std::move(options), clock, randomness, log,
                                   std::move(*config), std::move(*identity), std::move(*trust));
    if (auto started = services->start_storage(); !started) return fail(started.error());
    if (auto started = services->start_location(); !started) return fail(started.error());
    if (auto started = services->start_escrow(); !started) return fail(started.error());
    if (auto started = services->start_domain(); !started) return fail(started.error());
    if (auto started = services->start_verbs(); !started) return fail(started.error());
    return std::unique_ptr<PeerNode>(new PeerNode(std::move(services)));
}

nlohmann::json PeerNode::ready() const {
    return {{"event", "ready"},
            {"node_key", services_->identity.node_public().to_base64()},
            {"control", services_->control->listening().to_string()},
            {"swarm", nullptr},
            {"dht", services_->location->listening().to_string()},
            {"web", nullptr}};
}

asio::awaitable<void> PeerNode::stop() {
    Services& s = *services_;
    s.local_api->stop();
    s.host.set_available(false);
    s.host.set_escrow(nullptr);
    s.host.serve_domain(nullptr, nullptr);
    s.host.open_lines(nullptr);
    s.lines.stop();
    if (s.inbox) s.inbox->stop();
    if (s.puller) s.puller->stop();
    s.board->stop();
    s.users.stop();
    s.enroller->stop();
    s.guardian->stop();
    s.incoming_gateway->stop();
    if (s.escrow) s.escrow->stop();
    s.control->stop();
    auto gone = std::make_shared<bool>(false);
    auto timer = std::make_shared<asio::steady_timer>(s.owner, goodbye_patience);
    asio::co_spawn(
        s.owner,
        [&s, gone, timer]() -> asio::awaitable<void> {
            co_await s.publisher->say_goodbye();
            co_await s.courier->deliver();
            *gone = true;
            timer->cancel();
        },
        asio::detached);
    boost::system::error_code ignored;
    if (!*gone) co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    s.courier->stop();
    s.keeper->stop();
    s.client->stop();
    s.location->stop();
}

}  // namespace satchel::node
