#include "src/node/domain_knowledge.h"

#include "dht/dns_unbound.h"

namespace satchel::node {

Result<std::unique_ptr<DomainKnowledge>> DomainKnowledge::start(
    asio::io_context& owner, Home const& home, TrustSettings const& settings, WorkerPool& workers,
    Clock const& clock, EventLog const& log) {
    auto memory = TrustMemory::open(home.trust_file());
    if (!memory) return fail(memory.error());
    std::unique_ptr<DomainKnowledge> knowledge(new DomainKnowledge(std::move(*memory)));
    if (settings.asks_dns) {
        location::UnboundOptions options;
        options.server = settings.resolver;
        options.anchor = settings.dnssec_anchor;
        if (settings.dnssec && options.anchor.empty())
            options.anchor = location::system_dnssec_anchor();
        auto dns = location::UnboundResolver::start(owner, std::move(options));
        if (!dns && dns.error().fault == Fault::config) return fail(dns.error());
        if (dns) {
            knowledge->dns_ = std::move(*dns);
        } else {
            log.warning("no_dns", {{"reason", dns.error().what}});
        }
    }
    knowledge->directory_.emplace(location::DomainDirectory::World{
        owner, knowledge->dns_.get(), knowledge->memory_, workers, clock, log});
    knowledge->first_seen_.emplace(knowledge->memory_, workers, log);
    return knowledge;
}

void DomainKnowledge::stop() {
    if (dns_) dns_->stop();
}

}  // namespace satchel::node
