// Answers the resolver's question "is this node there?" with a ping over the control protocol.
#pragma once

#include "dht/pinger.h"
#include "src/node/gateway_finder.h"
#include "src/node/open_lines.h"
#include "transfer/control_client.h"

namespace satchel::node {

class ControlPinger final : public location::Pinger {
public:
    /// `lines` end at this node, whose key is `self`. All references must outlive the pinger.
    ControlPinger(asio::io_context& owner, transfer::ControlClient& client, GatewayFinder& finder,
                  OpenLines& lines, NodeKey const& self)
        : owner_(owner)
        , client_(client)
        , finder_(finder)
        , lines_(lines)
        , self_(self) {}

    asio::awaitable<Status> ping(NodeKey node, std::vector<Endpoint> endpoints) override;
    asio::awaitable<Status> ping_line(NodeKey node, GatewayPlace gateway) override;

private:
    asio::io_context& owner_;
    transfer::ControlClient& client_;
    GatewayFinder& finder_;
    OpenLines& lines_;
    NodeKey self_;
};

}  // namespace satchel::node
