#include "src/node/doctor.h"

#include <filesystem>
#include <set>

#include "dht/wake_up.h"
#include "src/node/advertised_endpoints.h"

namespace satchel::node {

namespace {

constexpr auto again_after = std::chrono::milliseconds(1'200);

/// Somebody whom we can ask how we look from there.
struct Observer {
    std::string name;
    transfer::Peer peer;
};

}  // namespace

struct Doctor::Examination {
    std::vector<Finding> findings;
    std::vector<Observer> observers;
    std::optional<std::int64_t> clock_ahead{};
    std::optional<Reach> reach{};
};

asio::awaitable<void> Doctor::look_at_domain(Examination& all, TrustView const& view,
                                             std::string domain) {
    auto const facts = co_await view.domain_facts(domain);
    auto load = [domain, root = world_.home.root()] { return load_domain_key(domain, root); };
    auto const key = co_await world_.workers.await(std::move(load));
    std::optional<DomainKey> held;
    if (key) held = DomainKey(key->public_key());
    all.findings.push_back(judge_domain(domain, facts, held, world_.clock.unix_seconds()));
    auto place = co_await world_.finder.find(domain);
    std::optional<Status> said;
    if (place && place->key != world_.identity.node_public()) {
        auto peer = co_await world_.finder.reach(*place);
        if (peer) {
            auto const answer = co_await world_.client.ping(*peer);
            said = answer ? Status() : Status(fail(answer.error()));
            if (answer)
                all.observers.push_back({"the gateway " + place->host_port, std::move(*peer)});
        } else {
            said = Status(fail(peer.error()));
        }
    } else if (place) {
        said = Status();  // it is this very node
    }
    all.findings.push_back(judge_gateway(domain, said));
}

asio::awaitable<void> Doctor::look_at_address(Examination& all, TrustView const& view,
                                              Address address) {
    BindingFacts facts;
    for (Publication const& publication : world_.publisher.published()) {
        if (publication.address != address) continue;
        facts.published = true;
        if (publication.grant) facts.binding = publication.grant->binding;
    }
    auto const domain = co_await view.domain_facts(address.domain());
    facts.domain_keys = domain.keys;
    facts.answered = domain.answered;
    facts.counts_until = domain.counts_until;
    all.findings.push_back(judge_binding(address, facts, world_.clock.unix_seconds()));
    if (!facts.published) co_return;
    location::TrustFor trust_for = [&view](Address asked) {
        return view.inputs_for(std::move(asked));
    };
    LookupReport const report = co_await world_.resolver.resolve(address, std::move(trust_for), {});
    all.findings.push_back(judge_record(report));
    for (NodeReport const& node : report.nodes) {
        if (node.node_key == world_.identity.node_public() || !node.available) continue;
        if (node.pull_only) continue;
        all.observers.push_back({"node " + node.node_key.short_form(),
                                 {.key = node.node_key, .endpoints = node.endpoints}});
    }
}

asio::awaitable<void> Doctor::ask_others(Examination& all) {
    transfer::ReachRequest request;
    request.control = world_.endpoints;
    auto dht = advertised_endpoints(world_.dht_listening, world_.config.node.advertise);
    if (dht) request.dht = std::move(*dht);
    if (world_.swarm != nullptr) request.swarm = world_.swarm->endpoints();
    for (Endpoint& endpoint : request.dht)
        endpoint.port = world_.dht_listening.port;
    for (Observer const& observer : all.observers) {
        auto const before = world_.clock.unix_seconds();
        auto const answer = co_await world_.client.ping(observer.peer);
        if (!answer) continue;
        auto const now = (before + world_.clock.unix_seconds()) / 2;
        if (!all.clock_ahead) all.clock_ahead = static_cast<std::int64_t>(answer->clock - now);
        auto reach = co_await world_.client.ask_reach(observer.peer, request);
        if (!reach && worth_retrying(reach.error().fault)) {  // it was asked just now
            co_await location::WakeUp(world_.owner.get_executor()).wait_for(again_after);
            reach = co_await world_.client.ask_reach(observer.peer, request);
        }
        if (!reach) continue;
        all.reach = Reach{observer.name, std::move(*reach)};
        co_return;
    }
}

asio::awaitable<Finding> Doctor::look_at_disk() {
    auto look = [&store = world_.store, folder = world_.config.node.storage_dir,
                 quota = world_.config.node.quota]() -> Finding {
        std::error_code failed;
        auto const space = std::filesystem::space(folder, failed);
        auto const usage = store.usage();
        if (failed) return {"disk", Health::failure, folder.string() + ": " + failed.message(), ""};
        if (!usage) return {"disk", Health::failure, usage.error().what, ""};
        return judge_disk(space.available,
                          quota > usage->held_bytes ? quota - usage->held_bytes : 0);
    };
    co_return co_await world_.workers.await(std::move(look));
}

asio::awaitable<std::vector<Finding>> Doctor::examine(bool settled) {
    Examination all;
    auto const view = world_.trust.view({});
    if (!view) {
        all.findings.push_back(
            {"settings", Health::failure, view.error().what, "edit satchel.toml"});
        co_return std::move(all.findings);
    }
    std::set<std::string> domains;
    for (Address const& address : world_.identity.addresses)
        domains.insert(address.domain());
    for (std::string const& domain : domains)
        co_await look_at_domain(all, *view, domain);
    for (Address const& address : world_.identity.addresses)
        co_await look_at_address(all, *view, address);
    if (settled) co_await ask_others(all);
    bool const pull_only = world_.config.node.expose == Expose::pull_only;
    if (settled) {
        all.findings.push_back(judge_control(world_.endpoints, pull_only, all.reach));
        if (world_.swarm != nullptr)
            all.findings.push_back(judge_swarm(world_.swarm->endpoints(), all.reach));
        auto const stats = world_.location.stats();
        bool const knows_somebody =
            stats.known_nodes > 0 || !world_.config.node.dht_bootstrap.empty();
        all.findings.push_back(
            judge_dht(stats, world_.dht_listening.port, knows_somebody, all.reach));
    } else {
        all.findings.push_back({"node", Health::failure, "it does not run",
                                "start `satchel node`, and let the system keep it running"});
    }
    all.findings.push_back(judge_clock(all.clock_ahead));
    all.findings.push_back(co_await look_at_disk());
    co_return std::move(all.findings);
}

}  // namespace satchel::node
