#include "src/node/served_users.h"

#include <algorithm>

namespace satchel::node {

namespace {

using namespace std::chrono_literals;

constexpr auto look_period = 10min;
constexpr auto look_again = 20s;  // the record is not there yet, or does not name this node

}  // namespace

ServedUsers::ServedUsers(World world, std::vector<Address> const& others)
    : world_(world)
    , wake_(world.owner.get_executor()) {
    for (Address const& address : world_.identity.addresses)
        users_.emplace(address_tag(address), User{.address = address,
                                                  .own = true,
                                                  .key = world_.identity.user_public(),
                                                  .nodes = {world_.identity.node_public()}});
    for (Address const& address : others)
        users_.emplace(address_tag(address), User{.address = address});
}

std::optional<Address> ServedUsers::served(AddressTag const& tag) const {
    auto const found = users_.find(tag);
    if (found == users_.end()) return std::nullopt;
    return found->second.address;
}

std::vector<Address> ServedUsers::addresses() const {
    std::vector<Address> addresses;
    for (auto const& [tag, user] : users_)
        addresses.push_back(user.address);
    return addresses;
}

bool ServedUsers::owns(transfer::Caller const& caller, AddressTag const& recipient) const {
    auto const found = users_.find(recipient);
    if (found == users_.end()) return false;
    User const& user = found->second;
    return user.nodes.contains(caller.node) ||
           (user.own && is_published_node(user.address, caller.node)) ||
           (caller.device && user.key && *caller.device == *user.key);
}

bool ServedUsers::is_published_node(Address const& address, NodeKey const& node) const {
    if (publisher_ == nullptr) return false;
    auto const& published = publisher_->published();
    auto const publication =
        std::ranges::find_if(published, [&](auto const& one) { return one.address == address; });
    return publication != published.end() &&
           std::ranges::any_of(publication->nodes,
                               [&](StorageNode const& one) { return one.node_key == node; });
}

void ServedUsers::start(location::AddressResolver& resolver, Publisher& publisher) {
    publisher_ = &publisher;
    asio::co_spawn(
        world_.owner, [this, &resolver, &publisher] { return look_regularly(resolver, publisher); },
        asio::detached);
}

void ServedUsers::stop() {
    stopped_ = true;
    wake_.notify();
}

asio::awaitable<void> ServedUsers::look_regularly(location::AddressResolver& resolver,
                                                  Publisher& publisher) {
    while (!stopped_) {
        bool all = true;
        std::vector<Address> others;
        for (auto const& [tag, user] : users_)
            if (!user.own) others.push_back(user.address);
        if (others.empty()) co_return;
        for (Address const& address : others) {
            bool const named = co_await look(resolver, publisher, address);
            if (stopped_) co_return;
            all = all && named;
        }
        co_await wake_.wait_for(all ? std::chrono::milliseconds(look_period) : look_again);
    }
}

/// True: the address's record names this node.
asio::awaitable<bool> ServedUsers::look(location::AddressResolver& resolver, Publisher& publisher,
                                        Address address) {
    auto const view = world_.trust.view({});
    if (!view) co_return false;
    location::TrustFor trust_for = [&view](Address asked) {
        return view->inputs_for(std::move(asked));
    };
    location::ResolveOptions options;
    options.ping = false;
    LookupReport const report = co_await resolver.resolve(address, std::move(trust_for), options);
    if (!report.storage || !report.trusted) {
        world_.log.detail("served_unknown",
                          {{"address", address.text()}, {"reason", report.reason}});
        co_return false;
    }
    User& user = users_.at(address_tag(address));
    user.key = report.user_key;
    user.nodes.clear();
    bool named = false;
    for (NodeReport const& node : report.nodes) {
        user.nodes.insert(node.node_key);
        if (node.node_key != world_.identity.node_public()) continue;
        named = true;
        publisher.use_presence_secret(node.presence_secret);
    }
    if (!named)
        world_.log.warning("not_named", {{"address", address.text()},
                                         {"reason", "its storage record names other nodes"}});
    co_return named;
}

}  // namespace satchel::node
