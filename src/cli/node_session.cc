#include "src/cli/node_session.h"

#include "src/core/home.h"

namespace satchel::cli {

namespace {

Status only_for_requests(std::vector<std::string> const& settings) {
    for (std::string const& setting : settings) {
        if (setting.starts_with("trust.") || setting.starts_with("domain.")) continue;
        return fail(
            Fault::usage,
            "--set " + setting +
                ": a node runs in this home with its own settings; edit satchel.toml and restart");
    }
    return {};
}

}  // namespace

NodeSession::NodeSession(node::LocalApiClient client, std::optional<node::ChildNode> child,
                         std::vector<std::string> settings)
    : child_(std::move(child))
    , client_(std::move(client))
    , settings_(std::move(settings)) {}

Result<NodeSession> NodeSession::open(Globals const& globals) {
    if (auto const valid = globals.overrides(); !valid) return fail(valid.error());
    auto const socket = Home(globals.home).node_socket();
    auto running = node::LocalApiClient::connect(socket);
    if (running) {
        if (auto allowed = only_for_requests(globals.settings); !allowed)
            return fail(allowed.error());
        return NodeSession(std::move(*running), std::nullopt, globals.settings);
    }
    if (running.error().fault != Fault::unavailable) return fail(running.error());
    auto child =
        node::ChildNode::start(globals.home, globals.settings, node::ChildNode::Scope::brief);
    if (!child) return fail(child.error());
    auto client = node::LocalApiClient::connect(socket);
    if (!client) return fail(client.error());
    return NodeSession(std::move(*client), std::move(*child), {});
}

Result<node::Json> NodeSession::call(std::string const& verb, node::Json args,
                                     std::vector<int> const& files,
                                     node::LocalApiClient::Progress const& progress) {
    node::LocalRequest request{.verb = verb, .args = std::move(args), .settings = settings_};
    return client_.call(request, files, progress);
}

}  // namespace satchel::cli
