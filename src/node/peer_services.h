// The services of a node, in the order in which they start. Only PeerNode has use for this.
#pragma once

#include <optional>

#include "dht/inbox.h"
#include "dht/opendht_location_service.h"
#include "dht/silent_location_service.h"
#include "src/node/control_pinger.h"
#include "src/node/copy_keeper.h"
#include "src/node/dht_introduction.h"
#include "src/node/domain_knowledge.h"
#include "src/node/enrolment_office.h"
#include "src/node/metrics_post.h"
#include "src/node/node_verbs.h"
#include "src/node/other_devices.h"
#include "src/node/page_desk.h"
#include "src/node/peer_node.h"
#include "src/node/puller.h"
#include "src/node/reach_probe.h"
#include "src/node/record_courier.h"
#include "src/node/swarm_station.h"
#include "src/node/transfer_history.h"
#include "src/node/whereabouts.h"
#include "transfer/control_server.h"
#include "transfer/disk_blob_store.h"
#include "transfer/tls_pinned.h"

namespace satchel::node {

struct PeerServices {
    static constexpr unsigned worker_threads = 4;  // they wait for the disk as much as they compute

    PeerServices(asio::io_context& io, PeerNodeOptions given, Clock const& time, Randomness& chance,
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
        , host(io, config, users, trust, outgoing, log)
        , finder(config.node, trust, workers)
        , lines(io)
        , transfers(identity, clock) {}

    PeerServices(PeerServices const&) = delete;
    PeerServices& operator=(PeerServices const&) = delete;

    /// What a worker is at may use anything that is declared after the workers.
    ~PeerServices() { workers.finish(); }

    bool pull_only() const { return config.node.expose == Expose::pull_only; }

    Status start_trust();
    Status start_storage();
    Status start_location();
    void look_around();
    void show_presence();
    Status start_copies();
    Status start_transfers();

    Status start_escrow();
    Status start_domain();
    Status start_verbs();
    Status start_page();
    Status start_metrics();
    Result<Cataloguer*> names();

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
    std::unique_ptr<SwarmStation> swarm;
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
    std::optional<OtherDevices> devices;
    std::optional<RecordCourier> courier;
    std::unique_ptr<RecordGuardian> guardian;
    std::unique_ptr<EnrolmentDesk> desk;
    std::optional<EnrolmentOffice> office;
    std::optional<Enroller> enroller;
    std::optional<location::NoticeBoard> board;
    std::optional<ReceiptBook> receipts;
    TransferBoard transfers;
    std::optional<TransferHistory> transfer_history;
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
    std::unique_ptr<Cataloguer> cataloguer;
    std::optional<NodeVerbs> verbs;
    std::optional<PageDesk> page;
    std::optional<WorkerPool> page_workers;  ///< so that readers of big files hold up nobody else
    std::unique_ptr<LocalApiServer> local_api;
    std::unique_ptr<MetricsPost> metrics;
};

}  // namespace satchel::node
