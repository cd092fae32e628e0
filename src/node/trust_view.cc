#include "src/node/trust_view.h"

namespace satchel::node {

namespace {

Result<std::vector<ConfigOverride>> parse_all(std::vector<std::string> const& settings) {
    std::vector<ConfigOverride> overrides;
    for (std::string const& setting : settings) {
        auto parsed = parse_override(setting);
        if (!parsed) return fail(parsed.error());
        overrides.push_back(std::move(*parsed));
    }
    return overrides;
}

bool counts_for_a_request(ConfigOverride const& override) {
    return override.key.starts_with("trust.") || override.key.starts_with("domain.");
}

}  // namespace

location::TrustInputs TrustView::inputs_for(Address const& address) const {
    location::TrustInputs inputs;
    inputs.pinned = pinned_key(address);
    if (auto const domain = config_.domains.find(address.domain());
        domain != config_.domains.end()) {
        inputs.domain_keys = domain->second.keys;
    }
    inputs.minimum = config_.trust.minimum;
    return inputs;
}

transfer::DomainTrust TrustView::domain_trust(std::string const& domain) const {
    auto const known = config_.domains.find(domain);
    if (known == config_.domains.end()) return {};
    return {known->second.keys, known->second.gateway_keys};
}

std::optional<UserKey> TrustView::pinned_key(Address const& address) const {
    // A book that can't be read pins nobody: less trust, never more.
    auto const key = book_->pinned_key(address);
    return key ? *key : std::nullopt;
}

TrustSource::TrustSource(Home home, std::vector<ConfigOverride> overrides,
                         std::shared_ptr<AddressBook> book)
    : home_(std::move(home))
    , overrides_(std::move(overrides))
    , book_(std::move(book)) {}

Result<TrustSource> TrustSource::open(Home const& home, std::vector<std::string> const& settings) {
    auto overrides = parse_all(settings);
    if (!overrides) return fail(overrides.error());
    auto book = AddressBook::open(home.contacts_file());
    if (!book) return fail(book.error());
    return TrustSource(home, std::move(*overrides),
                       std::make_shared<AddressBook>(std::move(*book)));
}

Result<TrustView> TrustSource::view(std::vector<std::string> const& settings) const {
    auto const more = parse_all(settings);
    if (!more) return fail(more.error());
    auto overrides = overrides_;
    for (ConfigOverride const& override : *more) {
        if (!counts_for_a_request(override)) {
            return fail(
                Fault::usage,
                override.key + ": a running node has its own; edit satchel.toml and restart");
        }
        overrides.push_back(override);
    }
    auto config = load_config(home_.root(), overrides);
    if (!config) return fail(config.error());
    return TrustView(std::move(*config), book_);
}

}  // namespace satchel::node
