#include "src/node/own_nodes.h"

#include <algorithm>

namespace satchel::node {

asio::awaitable<Status> OwnNodes::fetch(ContentId id, BlobFetcher::Progress progress) {
    Error last{Fault::not_found, id.short_form() + "… is not stored here"};
    auto const view = world_.trust.view({});
    if (!view) co_return fail(view.error());
    NodeKey const self = world_.identity.node_public();
    auto const published = world_.publisher.published();
    for (Publication const& publication : published) {
        bool const elsewhere = std::ranges::any_of(
            publication.nodes, [&](StorageNode const& node) { return node.node_key != self; });
        if (!elsewhere) continue;
        location::TrustFor trust_for =
            [&view, this](Address asked) -> asio::awaitable<location::TrustInputs> {
            auto inputs = co_await view->inputs_for(std::move(asked));
            inputs.pinned = world_.identity.user_public();  // our own word about ourselves
            co_return inputs;
        };
        location::ResolveOptions options;
        LookupReport const report =
            co_await world_.resolver.resolve(publication.address, std::move(trust_for), options);
        for (NodeReport const& node : report.nodes) {
            if (!node.available || node.node_key == self) continue;
            transfer::Peer peer{node.node_key, node.endpoints};
            peer.own = true;
            Status const fetched = co_await world_.fetcher.fetch(std::move(peer), id, progress);
            if (fetched) co_return fetched;
            if (fetched.error().fault != Fault::not_found) last = fetched.error();
        }
    }
    co_return fail(std::move(last));
}

}  // namespace satchel::node
