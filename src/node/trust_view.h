// Whom this home believes: contacts and configured domain keys, with the settings of one request on
// top.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dht/record_filter.h"
#include "src/core/address_book.h"
#include "src/core/config.h"
#include "src/core/home.h"
#include "transfer/admission.h"

namespace satchel::node {

class TrustView {
public:
    TrustView(Config config, std::shared_ptr<AddressBook> book)
        : config_(std::move(config))
        , book_(std::move(book)) {}

    location::TrustInputs inputs_for(Address const& address) const;
    transfer::DomainTrust domain_trust(std::string const& domain) const;
    std::optional<UserKey> pinned_key(Address const& address) const;

    Config const& config() const { return config_; }

private:
    Config config_;
    std::shared_ptr<AddressBook> book_;
};

/// Makes views. The file is read again for each request, so that an edited key counts at once.
class TrustSource {
public:
    static Result<TrustSource> open(Home const& home, std::vector<std::string> const& settings);

    /// `settings` of [trust] and [domain] alone: Fault::usage for others.
    Result<TrustView> view(std::vector<std::string> const& settings) const;

private:
    TrustSource(Home home, std::vector<ConfigOverride> overrides,
                std::shared_ptr<AddressBook> book);

    Home home_;
    std::vector<ConfigOverride> overrides_;
    std::shared_ptr<AddressBook> book_;
};

}  // namespace satchel::node
