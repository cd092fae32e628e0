// publish and unpublish.
#include <algorithm>
#include <charconv>

#include "src/node/json_values.h"
#include "src/node/node_verbs.h"

namespace satchel::node {

namespace {

using namespace std::chrono_literals;

constexpr auto look_patience = 3s;

/// `KEY` or `KEY:PRIORITY`, each once.
Result<std::vector<NamedNode>> named_nodes(Json const& args) {
    if (!args.contains("nodes")) return std::vector<NamedNode>();
    auto const texts = texts_at(args, "nodes");
    if (!texts) return fail(texts.error());
    std::vector<NamedNode> nodes;
    for (std::string const& text : *texts) {
        auto const colon = text.find(':');
        auto const key = NodeKey::parse(text.substr(0, colon));
        if (!key) return fail(Fault::usage, "--node " + text + ": " + key.error().what);
        NamedNode node{.key = *key, .priority = 0};
        if (colon != std::string::npos) {
            char const* const begin = text.data() + colon + 1;
            char const* const end = text.data() + text.size();
            auto const [stop, error] = std::from_chars(begin, end, node.priority);
            if (error != std::errc() || stop != end)
                return fail(Fault::usage, "--node " + text + ": KEY:PRIORITY is wanted");
        }
        bool const twice = std::ranges::any_of(
            nodes, [&](NamedNode const& other) { return other.key == node.key; });
        if (twice) return fail(Fault::usage, "--node " + text + " is there twice");
        nodes.push_back(node);
    }
    return nodes;
}

Json published_json(Published const& published) {
    return {{"address", published.address.text()},
            {"seq", published.seq},
            {"expires", published.expires},
            {"trust", to_string(published.trust)}};
}

}  // namespace

/// What `address` has in the DHT by the word of `trust` alone.
asio::awaitable<LookupReport> NodeVerbs::look_at_own(Address address, location::TrustInputs trust) {
    location::TrustFor trust_for =
        [trust](Address /*asked*/) -> asio::awaitable<location::TrustInputs> { co_return trust; };
    location::ResolveOptions options;
    options.ping = false;
    options.patience = look_patience;
    co_return co_await world_.resolver.resolve(std::move(address), std::move(trust_for), options);
}

/// A node that passes a record over says so to nobody: look what others find in the domain's slot.
asio::awaitable<bool> NodeVerbs::stands(Address address) {
    auto const binding = world_.publisher.binding_of(address);
    if (!binding) co_return true;
    location::TrustInputs by_the_domain;
    by_the_domain.domain_keys = {binding->domain_key};
    auto const report = co_await look_at_own(std::move(address), std::move(by_the_domain));
    co_return !overtakes(report, world_.identity.user_public());
}

asio::awaitable<Result<Json>> NodeVerbs::publish(LocalCall& call) {
    auto const text = text_at(call.request.args, "address");
    auto const line = text_at(call.request.args, "binding");
    if (!text || !line) co_return fail(Fault::usage, "publish: address and binding");
    auto nodes = named_nodes(call.request.args);
    if (!nodes) co_return fail(nodes.error());
    auto address = own_address(*text);
    if (!address) co_return fail(address.error());
    std::optional<BindingGrant> grant;
    if (!line->empty()) {
        auto parsed = BindingGrant::parse(*line);
        if (!parsed) co_return fail(Fault::usage, "the binding: " + parsed.error().what);
        grant = std::move(*parsed);
    }
    co_await wait_for_neighbours();
    if (!nodes->empty()) {  // another device may have published them before
        location::TrustInputs by_ourselves;
        by_ourselves.pinned = world_.identity.user_public();
        auto const known = co_await look_at_own(*address, std::move(by_ourselves));
        for (NodeReport const& node : known.nodes)
            world_.publisher.learn_secret(node.node_key, node.presence_secret);
    }
    PublishOrder order{.address = *address, .grant = std::move(grant), .nodes = std::move(*nodes)};
    auto const published = co_await world_.publisher.publish(std::move(order));
    if (!published) co_return fail(published.error());
    bool const counts = co_await stands(*address);
    if (!counts) co_return fail(Fault::refused, overtaken(*address));
    co_return published_json(*published);
}

asio::awaitable<Result<Json>> NodeVerbs::unpublish(LocalCall& call) {
    auto const text = text_at(call.request.args, "address");
    if (!text) co_return fail(text.error());
    auto address = own_address(*text);
    if (!address) co_return fail(address.error());
    co_await wait_for_neighbours();
    auto const withdrawn = co_await world_.publisher.unpublish(*address);
    if (!withdrawn) co_return fail(withdrawn.error());
    co_return published_json(*withdrawn);
}

}  // namespace satchel::node
