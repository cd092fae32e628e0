#include "src/node/peer_node.h"

#include <optional>

#include <nlohmann/json.hpp>

#include "dht/inbox.h"
#include "dht/opendht_location_service.h"
#include "dht/silent_location_service.h"
#include "src/core/limits.h"
#include "src/node/advertised_endpoints.h"
#include "src/node/control_pinger.h"
#include "src/node/copy_keeper.h"
#include "src/node/dht_introduction.h"
#include "src/node/domain_knowledge.h"
#include "src/node/enrolment_office.h"
#include "src/node/node_verbs.h"
#include "src/node/presence_secret.h"
#include "src/node/puller.h"
#include "src/node/reach_probe.h"
#include "src/node/record_courier.h"
#include "src/node/whereabouts.h"
#include "src/node/within.h"
#include "transfer/control_server.h"
#include "transfer/disk_blob_store.h"
#include "transfer/tls_pinned.h"
#include "transfer/traffic.h"

namespace satchel::node {

namespace {

constexpr unsigned worker_threads = 4;  // they wait for the disk as much as they compute
constexpr auto goodbye_patience = std::chrono::seconds(2);

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
        , finder(config.node, trust, workers)
        , lines(io) {}

    bool pull_only() const { return config.node.expose == Expose::pull_only; }

    Status start_trust();
    Status start_storage();
    Status start_location();
    void look_around();
    void show_presence();
    Status open_receipts();
    Status start_copies();
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
    std::unique_ptr<DomainKnowledge> domains;
    OutgoingOffers outgoing;
    std::unique_ptr<transfer::DiskBlobStore> store;
    ServedUsers users;
    WorkerPool workers;
    StorageHost host;
    GatewayFinder finder;
    OpenLines lines;
    std::optional<transfer::TlsIdentity> tls;
    std::unique_ptr<transfer::ControlServer> control;
    std::optional<Whereabouts> whereabouts;
    std::optional<transfer::ControlClient> client;
    std::optional<ControlPinger> pinger;
    std::unique_ptr<location::OpendhtLocationService> location;
    std::optional<DhtIntroduction> introduction;
    std::optional<location::SilentLocationService> quiet;
    std::optional<ReachProbe> probe;
    std::optional<location::RecordKeeper> keeper;
    std::optional<location::AddressResolver> resolver;
    std::optional<Publisher> publisher;
    std::optional<RecordCourier> courier;
    std::unique_ptr<RecordGuardian> guardian;
    std::unique_ptr<EnrolmentDesk> desk;
    std::optional<EnrolmentOffice> office;
    std::optional<Enroller> enroller;
    std::optional<location::NoticeBoard> board;
    std::optional<ReceiptBook> receipts;
    std::optional<BlobCarrier> carrier;
    std::optional<Puller> puller;
    std::optional<location::Inbox> inbox;
    std::unique_ptr<Escrow> escrow;
    std::unique_ptr<CopyKeeper> copies;
    std::optional<BlobFetcher> fetcher;
    std::optional<OwnNodes> own_nodes;
    std::optional<IncomingGateway> incoming_gateway;
    std::optional<BlobSources> sources;
    std::optional<Depositor> depositor;
    std::optional<Retriever> retriever;
    std::optional<Doctor> doctor;
    std::optional<NodeVerbs> verbs;
    std::unique_ptr<LocalApiServer> local_api;
};

Status PeerNode::Services::start_trust() {
    auto started = DomainKnowledge::start(owner, options.home, config.trust, workers, clock, log);
    if (!started) return fail(started.error());
    domains = std::move(*started);
    trust.use_domains(domains->directory());
    return {};
}

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
    transfer::ServerLimits server_limits;
    transfer::ClientLimits client_limits;
    server_limits.traffic = client_limits.traffic = std::make_shared<transfer::Traffic>(
        transfer::TrafficLimits{config.node.upload_limit, config.node.download_limit});
    auto server = transfer::ControlServer::start(
        {owner, workers, *store, host, identity.node_key, clock, log}, config.node.control_listen,
        server_limits);
    if (!server) return fail(server.error());
    control = std::move(*server);
    client.emplace(owner, workers, *tls, dialling_rule(config.node, control->listening()),
                   client_limits, &identity.user_key);
    pinger.emplace(owner, *client, finder, lines, identity.node_public());
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
    introduction.emplace(owner, trust, *location, log);
    if (config.node.dht_bootstrap.empty()) {
        auto own = advertised_endpoints(location->listening(), config.node.advertise);
        if (!own) return fail(own.error());
        introduction->start(identity.addresses, std::move(*own));
    }
    // Records of a node that does not want to be seen are put by its gateway, where it has one.
    bool const silent = pull_only() && !config.node.incoming_gateway.empty();
    if (silent) quiet.emplace(*location);
    location::LocationService* const putting =
        silent ? static_cast<location::LocationService*>(&*quiet) : location.get();
    keeper.emplace(owner, *putting, randomness, log);
    resolver.emplace(*location, workers, *pinger, clock);
    resolver->use_first_seen(domains->first_seen());
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
    whereabouts.emplace(Whereabouts::World{owner, control->listening(), config.node.advertise,
                                           [this] { return location->stats().seen_ips; }});
    if (auto looked = whereabouts->start([this] { look_around(); }); !looked)
        return fail(looked.error());
    if (options.brief) return {};
    host.set_available(true);
    probe.emplace(ReachProbe::World{owner, workers, *tls,
                                    dialling_rule(config.node, control->listening()), *location});
    host.probe_for_others(&*probe);
    users.start(*resolver, *publisher);
    show_presence();
    return {};
}

/// This machine may have other addresses, and stand in other networks.
void PeerNode::Services::look_around() {
    auto const rule = dialling_rule(config.node, control->listening());
    client->use_rule(rule);
    if (probe) probe->use_rule(rule);
    show_presence();
}

void PeerNode::Services::show_presence() {
    if (options.brief || !host.available()) return;
    auto const& endpoints = whereabouts->endpoints();
    if (endpoints.empty() && !pull_only())
        log.warning("unreachable", {{"reason", "no interface is up; set node.advertise"}});
    publisher->be_present(pull_only() ? PresenceRecord{.available = true, .pull_only = true}
                                      : PresenceRecord{.available = true, .control = endpoints});
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

Status PeerNode::Services::open_receipts() {
    auto opened = ReceiptBook::open(options.home.receipts_file());
    if (!opened) return fail(opened.error());
    receipts.emplace(std::move(*opened));
    auto const now = clock.unix_seconds();
    if (now < limits::receipt_keeping_seconds) return {};  // a clock that was never set
    auto const gone = receipts->forget_before(now - limits::receipt_keeping_seconds);
    return gone ? Status() : Status(fail(gone.error()));
}

Status PeerNode::Services::start_copies() {
    auto opened = CopyKeeper::open(config.node.storage_dir / "copies.sqlite",
                                   {owner, workers, *store, *client, *resolver, trust, users,
                                    *publisher, *carrier, identity, log});
    if (!opened) return fail(opened.error());
    copies = std::move(*opened);
    host.set_copy_keeper(copies.get());
    copies->start();
    return {};
}

Status PeerNode::Services::start_escrow() {
    board.emplace(owner, *location, workers, clock, randomness, log);
    if (auto opened = open_receipts(); !opened) return opened;
    carrier.emplace(BlobCarrier::World{owner, *client, workers, outgoing, *publisher, finder,
                                       *board, lines, *receipts, whereabouts->endpoints(),
                                       pull_only(), identity, clock, randomness, log});
    fetcher.emplace(BlobFetcher::World{owner, workers, *client, *store, clock});
    own_nodes.emplace(OwnNodes::World{*publisher, *resolver, *fetcher, identity, trust});
    incoming_gateway.emplace(
        IncomingGateway::World{owner, *client, *fetcher, finder, *publisher, identity, log});
    sources.emplace(
        BlobSources::World{workers, *store, *own_nodes, *incoming_gateway, *control, *fetcher});
    host.show_holdings(*store, workers, *carrier);
    if (options.brief) return {};
    auto opened =
        Escrow::open(config.node.storage_dir / "escrow", config.gateway.escrow_quota,
                     {owner, workers, *resolver, trust, *carrier, clock, randomness, log});
    if (!opened) return fail(opened.error());
    escrow = std::move(*opened);
    host.set_escrow(escrow.get());
    escrow->start();
    if (auto started = start_copies(); !started) return started;
    host.open_lines(&lines);
    puller.emplace(
        Puller::World{owner, workers, *client, *control, *fetcher, host, identity, clock, log});
    if (pull_only()) {
        auto follow = [this](PullNotice notice) { puller->follow(std::move(notice)); };
        incoming_gateway->hold_lines(
            {follow, [this](asio::ip::tcp::socket socket) { control->take(std::move(socket)); }});
        inbox.emplace(owner, *location, identity.node_key.copy(), clock, follow);
    }
    incoming_gateway->start();
    return {};
}

Status PeerNode::Services::start_verbs() {
    depositor.emplace(Depositor::World{owner, *resolver, *carrier, escrow.get(), workers,
                                       randomness, log, store->outbox()});
    retriever.emplace(owner, *store, workers, identity);
    doctor.emplace(Doctor::World{owner, config, options.home, identity, trust, *location, *resolver,
                                 *publisher, finder, *client, *store, workers, clock,
                                 whereabouts->endpoints(), location->listening()});
    Json listening{{"control", control->listening().to_string()},
                   {"dht", location->listening().to_string()}};
    verbs.emplace(
        NodeVerbs::World{owner,     config,     identity, trust,          *location,
                         *resolver, *publisher, *carrier, *depositor,     escrow.get(),
                         *sources,  *enroller,  *doctor,  guardian.get(), *retriever,
                         host,      *store,     workers,  *introduction,  std::move(listening)});
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
        std::make_unique<Services>(owner, std::move(options), clock, randomness, log,
                                   std::move(*config), std::move(*identity), std::move(*trust));
    for (auto const step :
         {&Services::start_trust, &Services::start_storage, &Services::start_location,
          &Services::start_escrow, &Services::start_domain, &Services::start_verbs})
        if (auto started = (*services.*step)(); !started) return fail(started.error());
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
    s.enroller->stop();
    s.guardian->stop();
    s.incoming_gateway->stop();
    if (s.escrow) s.escrow->stop();
    s.control->stop();
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
