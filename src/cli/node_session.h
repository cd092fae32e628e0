// The node that a verb talks to: the one that runs in this home, or one started for the verb.
#pragma once

#include <optional>
#include <string>

#include "src/cli/globals.h"
#include "src/node/child_node.h"
#include "src/node/local_api_client.h"

namespace satchel::cli {

class NodeSession {
public:
    /// With a running node only settings of [trust] and [domain] may be given: Fault::usage
    /// otherwise.
    static Result<NodeSession> open(Globals const& globals);

    Result<node::Json> call(std::string const& verb, node::Json args,
                            std::vector<int> const& files = {},
                            node::LocalApiClient::Progress const& progress = {});

    /// True where the verb had to start the node, which ends with it.
    bool started_for_this() const { return child_.has_value(); }

private:
    NodeSession(node::LocalApiClient client, std::optional<node::ChildNode> child,
                std::vector<std::string> settings);

    std::optional<node::ChildNode> child_;
    node::LocalApiClient client_;
    std::vector<std::string> settings_;
};

}  // namespace satchel::cli
