// Whom this home believes: contacts, domain keys of the settings and of DNS, with the settings of
// one request on top.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dht/domain_directory.h"
#include "dht/record_filter.h"
#include "src/core/address_book.h"
#include "src/core/config.h"
#include "src/core/home.h"

namespace satchel::node {

class TrustView {
public:
    /// `domains` must outlive the view. Null: only the settings count.
    TrustView(Config config, std::shared_ptr<AddressBook> book, location::DomainDirectory* domains)
        : config_(std::move(config))
        , book_(std::move(book))
        , domains_(domains) {}

    /// The view must outlive what it is asked.
    asio::awaitable<location::TrustInputs> inputs_for(Address address) const;

    /// Keys, gateway and DHT nodes of a domain (A-labels), by the settings, else by DNS.
    asio::awaitable<location::DomainFacts> domain_facts(std::string domain) const;

    std::optional<UserKey> pinned_key(Address const& address) const;

    Config const& config() const { return config_; }

private:
    Config config_;
    std::shared_ptr<AddressBook> book_;
    location::DomainDirectory* domains_;
};

/// Makes views. The file is read again for each request, so that an edited key counts at once.
/// Owner's thread.
class TrustSource {
public:
    static Result<TrustSource> open(Home const& home, std::vector<std::string> const& settings);

    /// Views made from now on ask it. It must outlive them.
    void use_domains(location::DomainDirectory& domains) { domains_ = &domains; }

    /// `settings` of [trust] and [domain] alone: Fault::usage for others.
    Result<TrustView> view(std::vector<std::string> const& settings) const;

private:
    TrustSource(Home home, std::vector<ConfigOverride> overrides,
                std::shared_ptr<AddressBook> book);

    Result<Config> plain_config() const;

    /// A text of settings, and what it says: to parse it takes longer than all else in a view.
    struct Parsed {
        std::string text;
        Config config;
    };

    Home home_;
    std::vector<ConfigOverride> overrides_;
    std::shared_ptr<AddressBook> book_;
    location::DomainDirectory* domains_ = nullptr;
    mutable std::optional<Parsed> parsed_;
};

}  // namespace satchel::node
