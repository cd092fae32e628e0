// Where Prometheus reads the figures of a node: gathers them anew for each request.
#pragma once

#include <memory>

#include "src/node/metrics_desk.h"
#include "src/node/metrics_socket.h"

namespace satchel::node {

/// Owner's thread; what the desk's world names must outlive it.
class MetricsPost {
public:
    static Result<std::unique_ptr<MetricsPost>> start(asio::io_context& owner,
                                                      Endpoint const& listen,
                                                      MetricsDesk::World world);

    void stop() { socket_->stop(); }

private:
    explicit MetricsPost(MetricsDesk::World world)
        : desk_(std::move(world)) {}

    MetricsDesk desk_;
    std::unique_ptr<MetricsSocket> socket_;
};

}  // namespace satchel::node
