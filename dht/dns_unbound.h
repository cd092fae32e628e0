// DNS by libunbound: a validating stub that asks one resolver, or those of the system.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

#include "dht/dns_resolver.h"
#include "src/core/endpoint.h"

namespace satchel::location {

struct UnboundOptions {
    std::optional<Endpoint> server;  ///< none: those of /etc/resolv.conf
    std::filesystem::path anchor;    ///< file of DS or DNSKEY records; "": nothing is validated
    std::chrono::milliseconds timeout{5'000};  ///< per question
};

/// Where Debian keeps the DNS root's anchor (package dns-root-data); "" where it is not installed.
std::filesystem::path system_dnssec_anchor();

class UnboundResolver final : public DnsResolver {
public:
    /// Fault::config: no such anchor. Fault::unavailable: the library would not start. The first
    /// question starts the library's own thread, which touches nothing of ours.
    static Result<std::unique_ptr<UnboundResolver>> start(asio::io_context& owner,
                                                          UnboundOptions const& options);
    ~UnboundResolver() override;

    asio::awaitable<Result<TxtAnswer>> txt(std::string name) override;
    void stop() override;

private:
    class Engine;

    explicit UnboundResolver(std::shared_ptr<Engine> engine);

    std::shared_ptr<Engine> engine_;
};

}  // namespace satchel::location
