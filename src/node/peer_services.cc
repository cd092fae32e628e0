#include "src/node/peer_services.h"

#include <filesystem>

#include "src/node/advertised_endpoints.h"
#include "src/node/presence_secret.h"
#include "transfer/traffic.h"

namespace satchel::node {

Status PeerServices::start_trust() {
    auto started = DomainKnowledge::start(owner, options.home, config.trust, workers, clock, log);
    if (!started) return fail(started.error());
    domains = std::move(*started);
    trust.use_domains(domains->directory());
    return {};
}

Status PeerServices::start_storage() {
    std::error_code failed;
    std::filesystem::create_directories(config.node.storage_dir, failed);
    if (failed)
        return fail(Fault::config, config.node.storage_dir.string() + ": " + failed.message());
    transfer::DiskStoreOptions disk;
    disk.folder = config.node.storage_dir;
    disk.quota = {config.node.quota, config.node.quota_per_sender};
    disk.changed = [this](ContentId const& id) {
        asio::post(owner, [this, id] {
            if (page) cataloguer->note_change(id);
        });
    };
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
    auto const traffic = std::make_shared<transfer::Traffic>(
        transfer::TrafficLimits{config.node.upload_limit, config.node.download_limit});
    server_limits.traffic = client_limits.traffic = traffic;
    auto server = transfer::ControlServer::start(
        {owner, workers, *store, host, identity.node_key, clock, log}, config.node.control_listen,
        server_limits);
    if (!server) return fail(server.error());
    control = std::move(*server);
    if (config.node.swarm_listen && !options.brief && !pull_only()) {
        swarm = std::make_unique<SwarmStation>(
            SwarmStation::World{owner, config.node, control->listening(), traffic, log});
        host.set_swarm_room(&swarm->room());
    }
    client.emplace(owner, workers, *tls, dialling_rule(config.node, control->listening()),
                   client_limits, &identity.user_key);
    pinger.emplace(owner, *client, finder, lines, identity.node_public());
    return {};
}

Status PeerServices::start_location() {
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
    devices.emplace(
        OtherDevices::World{owner, *location, *publisher, workers, identity, clock, log});
    devices->start();
    if (swarm) swarm->wait_until_up([this] { show_presence(); });
    show_presence();
    return {};
}

/// This machine may have other addresses, and stand in other networks.
void PeerServices::look_around() {
    auto const rule = dialling_rule(config.node, control->listening());
    client->use_rule(rule);
    if (probe) probe->use_rule(rule);
    location->call({});  // who was out of reach may be in reach now
    show_presence();
}

void PeerServices::show_presence() {
    if (options.brief || !host.available()) return;
    auto const& endpoints = whereabouts->endpoints();
    if (endpoints.empty() && !pull_only())
        log.warning("unreachable", {{"reason", "no interface is up; set node.advertise"}});
    PresenceRecord presence{.available = true, .pull_only = pull_only()};
    if (!pull_only()) presence.control = endpoints;
    if (swarm) presence.swarm = swarm->endpoints_beside(endpoints);
    publisher->be_present(presence);
}

/// What this home does for the domains whose keys it holds.
Status PeerServices::start_domain() {
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

Status PeerServices::start_copies() {
    auto opened = CopyKeeper::open(config.node.storage_dir / "copies.sqlite",
                                   {owner, workers, *store, *client, *resolver, trust, users,
                                    *publisher, *carrier, identity, log});
    if (!opened) return fail(opened.error());
    copies = std::move(*opened);
    host.set_copy_keeper(copies.get());
    copies->start();
    return {};
}

Status PeerServices::start_escrow() {
    board.emplace(owner, *location, workers, clock, randomness, log);
    auto kept = ReceiptBook::open_current(options.home.receipts_file(), clock);
    if (!kept) return fail(kept.error());
    receipts.emplace(std::move(*kept));
    carrier.emplace(BlobCarrier::World{owner, *client, *control, workers, outgoing, *publisher,
                                       finder, *board, lines, *receipts, transfers,
                                       whereabouts->endpoints(), swarm.get(), pull_only(), identity,
                                       clock, randomness, log});
    fetcher.emplace(BlobFetcher::World{owner, workers, *client, *store, clock});
    own_nodes.emplace(OwnNodes::World{owner, *publisher, *resolver, *fetcher, identity, trust});
    incoming_gateway.emplace(
        IncomingGateway::World{owner, *client, *fetcher, finder, *publisher, identity, log});
    sources.emplace(BlobSources::World{owner, workers, *store, *own_nodes, *incoming_gateway,
                                       *control, *fetcher, transfers});
    host.show_holdings(*store, workers, *carrier);
    if (options.brief) return {};
    if (auto started = start_transfers(); !started) return started;
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

/// What was lately is remembered over restarts.
Status PeerServices::start_transfers() {
    auto opened = TransferHistory::open(options.home.transfers_file());
    if (!opened) return fail(opened.error());
    transfer_history.emplace(std::move(*opened));
    auto const latest = transfer_history->latest();
    if (!latest) return fail(latest.error());
    transfers.restore(*latest);
    transfers.on_over([this](Transfer const& one) {
        auto keep = [this, one] { return transfer_history->keep(one); };
        asio::co_spawn(
            owner,
            [this, keep]() -> asio::awaitable<void> {
                Status const kept = co_await workers.await(keep);
                if (!kept) log.error("transfer_not_kept", {{"reason", kept.error().what}});
            },
            asio::detached);
    });
    host.show_transfers(&transfers);
    return {};
}

Status PeerServices::start_verbs() {
    depositor.emplace(Depositor::World{owner, *resolver, *carrier, escrow.get(), workers, identity,
                                       clock, randomness, log, store->outbox()});
    retriever.emplace(owner, *store, workers, identity);
    doctor.emplace(Doctor::World{owner, config, options.home, identity, trust, *location, *resolver,
                                 *publisher, finder, *client, *store, workers, clock,
                                 whereabouts->endpoints(), location->listening(), swarm.get()});
    Json listening{{"control", control->listening().to_string()},
                   {"dht", location->listening().to_string()}};
    verbs.emplace(NodeVerbs::World{owner,
                                   config,
                                   identity,
                                   trust,
                                   *location,
                                   *resolver,
                                   *publisher,
                                   *carrier,
                                   *depositor,
                                   escrow.get(),
                                   *sources,
                                   *enroller,
                                   *doctor,
                                   guardian.get(),
                                   *retriever,
                                   host,
                                   *store,
                                   workers,
                                   *introduction,
                                   std::move(listening),
                                   [this] { return names(); }});
    auto serving = LocalApiServer::start(owner, options.home.node_socket(),
                                         [this](LocalCall& call) { return verbs->answer(call); });
    if (!serving) return fail(serving.error());
    local_api = std::move(*serving);
    return {};
}

/// A verb's own node opens the names of what is held only when it is asked for them.
Result<Cataloguer*> PeerServices::names() {
    if (cataloguer) return cataloguer.get();
    auto opened = Cataloguer::open(
        options.home.catalogue_file(),
        {owner, page_workers ? *page_workers : workers, *store, *retriever, users, identity, log});
    if (!opened) return fail(opened.error());
    cataloguer = std::move(*opened);
    return cataloguer.get();
}

/// A page for a verb's own node, which ends with the verb, would be of no use.
Status PeerServices::start_page() {
    if (options.brief) return {};
    page_workers.emplace(owner, 2);
    PageVerbs::World const world{*page_workers, options.home, config,   identity, clock,
                                 *store,        *control,     *carrier, *sources, *copies,
                                 *escrow,       *receipts,    transfers};
    if (auto opened = names(); !opened) return fail(opened.error());
    page.emplace(PageDesk::World{owner, world, *cataloguer, *client, *own_nodes,
                                 [this](LocalCall& call) { return verbs->answer(call); }, log});
    incoming_gateway->on_waiting(
        [this](GatewayPlace const& gateway, std::vector<Offer> const& offers) {
            page->elsewhere().note_waiting(gateway, offers);
        });
    page->start();
    return {};
}

Status PeerServices::start_metrics() {
    if (options.brief || !config.metrics.listen) return {};
    auto shown =
        MetricsPost::start(owner, *config.metrics.listen,
                           {config, *store, host, outgoing, *carrier, *depositor, escrow.get(),
                            *location, workers, clock, log, options.home.gateway_socket()});
    if (!shown) return fail(shown.error());
    metrics = std::move(*shown);
    return {};
}

}  // namespace satchel::node
