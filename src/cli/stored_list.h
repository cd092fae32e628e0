// What the node of a home holds, told some at a time: 100,000 attachments take no more memory than
// a few hundred.
#pragma once

#include <functional>

#include "src/cli/node_session.h"

namespace satchel::cli {

/// Calls `take` with each line of the node's `ls`, in the order of arrival, until it fails. What
/// comes meanwhile is told of, too.
Status each_stored(NodeSession& session, std::function<Status(node::Json const&)> const& take);

}  // namespace satchel::cli
