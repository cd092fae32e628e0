// Shows metrics to Prometheus: one short answer a connection, on loopback, few at once.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "src/base/asio.h"
#include "src/base/result.h"
#include "src/core/endpoint.h"

namespace satchel::node {

class MetricsSocket {
public:
    using Text = std::function<asio::awaitable<std::string>()>;

    /// Listens when it returns. `text` is asked on the owner's thread, and not after stop().
    static Result<std::unique_ptr<MetricsSocket>> start(asio::io_context& owner,
                                                        Endpoint const& listen, Text text);
    ~MetricsSocket();

    /// With the port that was picked.
    Endpoint listening() const;
    void stop();

private:
    struct State;
    explicit MetricsSocket(std::shared_ptr<State> state);

    std::shared_ptr<State> state_;
};

}  // namespace satchel::node
