// The port to a swarm: several receivers or sources share the work of one blob. A choice of route.h
// that nothing takes before there is an implementation; stated here so that routes and offers need
// no change for it.
#pragma once

#include <functional>
#include <vector>

#include "src/base/result.h"
#include "src/core/content_id.h"
#include "src/core/endpoint.h"

namespace satchel::transfer {

struct SwarmPeer {
    Endpoint endpoint;  ///< from a signed offer: nobody else may connect
};

struct SwarmTask {
    ContentId content_id;
    std::uint64_t size = 0;  ///< bytes
    std::vector<SwarmPeer> peers;
};

class Swarm {
public:
    virtual ~Swarm() = default;

    /// Serves a blob that is held, to these peers alone.
    virtual Status seed(SwarmTask const& task) = 0;

    /// Fetches a blob; `done` comes on the owner's thread once every piece is verified and on disk,
    /// or with the failure.
    virtual Status join(SwarmTask const& task, std::function<void(Status)> done) = 0;

    virtual void leave(ContentId const& id) = 0;
};

}  // namespace satchel::transfer
