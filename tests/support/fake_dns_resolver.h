// DNS as a test says it is.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dht/dns_resolver.h"
#include "src/core/domain_record.h"

namespace satchel::testing {

class FakeDnsResolver final : public location::DnsResolver {
public:
    explicit FakeDnsResolver(asio::io_context& owner)
        : timer_(owner) {}

    /// What is said of a domain from now on.
    void set(std::string const& domain, std::vector<std::string> texts,
             location::Dnssec dnssec = location::Dnssec::insecure, std::uint32_t ttl = 300) {
        answers_.insert_or_assign(domain_record_name(domain),
                                  location::TxtAnswer{std::move(texts), ttl, dnssec});
        failures_.erase(domain_record_name(domain));
    }

    void fail_with(std::string const& domain, Fault fault) {
        failures_.insert_or_assign(domain_record_name(domain), fault);
    }

    /// Questions wait until release().
    void hold() { held_ = true; }

    void release() {
        held_ = false;
        timer_.cancel();
    }

    unsigned asked() const { return asked_; }

    asio::awaitable<Result<location::TxtAnswer>> txt(std::string name) override {
        ++asked_;
        while (held_) {
            boost::system::error_code ignored;
            timer_.expires_after(std::chrono::hours(1));
            co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        }
        if (auto const failure = failures_.find(name); failure != failures_.end())
            co_return fail(failure->second, "as the test wants it");
        auto const answer = answers_.find(name);
        if (answer == answers_.end()) co_return fail(Fault::not_found, "no TXT record");
        co_return answer->second;
    }

    void stop() override { release(); }

private:
    asio::steady_timer timer_;
    std::map<std::string, location::TxtAnswer> answers_;
    std::map<std::string, Fault> failures_;
    unsigned asked_ = 0;
    bool held_ = false;
};

}  // namespace satchel::testing
