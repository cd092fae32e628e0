#include "src/node/trust_view.h"

namespace satchel::node {

namespace {

bool counts_for_a_request(ConfigOverride const& override) {
    // A node asks DNS as it was started to.
    bool const about_dns =
        override.key == "trust.resolver" || override.key == "trust.dnssec_anchor";
    return (override.key.starts_with("trust.") && !about_dns) ||
           override.key.starts_with("domain.");
}

}  // namespace

asio::awaitable<location::TrustInputs> TrustView::inputs_for(Address address) const {
    location::TrustInputs inputs;
    inputs.pinned = pinned_key(address);
    inputs.minimum = config_.trust.minimum;
    if (inputs.pinned) inputs.steps.emplace_back("a contact: its user key is pinned");
    auto facts = co_await domain_facts(address.domain());
    inputs.domain_keys = std::move(facts.keys);
    inputs.domain_has_spoken = facts.has_spoken;
    inputs.alarm = std::move(facts.alarm);
    inputs.temporary = std::move(facts.temporary);
    inputs.steps.insert(inputs.steps.end(), facts.steps.begin(), facts.steps.end());
    co_return inputs;
}

asio::awaitable<location::DomainFacts> TrustView::domain_facts(std::string domain) const {
    std::optional<DomainSettings> configured;
    if (auto const table = config_.domains.find(domain); table != config_.domains.end())
        configured = table->second;
    if (domains_ != nullptr)
        co_return co_await domains_->facts_of(std::move(domain), std::move(configured));
    location::DomainFacts facts;
    if (configured) {
        facts.keys = configured->keys;
        facts.gateway_keys = configured->gateway_keys;
        facts.gateway = configured->gateway;
    }
    co_return facts;
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
    auto overrides = parse_overrides(settings);
    if (!overrides) return fail(overrides.error());
    auto book = AddressBook::open(home.contacts_file());
    if (!book) return fail(book.error());
    return TrustSource(home, std::move(*overrides),
                       std::make_shared<AddressBook>(std::move(*book)));
}

/// Without a request's settings.
Result<Config> TrustSource::plain_config() const {
    auto text = read_config(home_.root());
    if (!text) return fail(text.error());
    if (!parsed_ || parsed_->text != *text) {
        auto config = parse_config_of(home_.root(), *text, overrides_);
        if (!config) return config;
        parsed_ = Parsed{std::move(*text), std::move(*config)};
    }
    return parsed_->config;
}

Result<TrustView> TrustSource::view(std::vector<std::string> const& settings) const {
    auto const more = parse_overrides(settings);
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
    auto config = more->empty() ? plain_config() : load_config(home_.root(), overrides);
    if (!config) return fail(config.error());
    return TrustView(std::move(*config), book_, domains_);
}

}  // namespace satchel::node
