// Answers the resolver's question "is this node there?" with a ping over the control protocol.
#pragma once

#include "dht/pinger.h"
#include "transfer/control_client.h"

namespace satchel::node {

class ControlPinger final : public location::Pinger {
public:
    explicit ControlPinger(transfer::ControlClient& client)
        : client_(client) {}

    asio::awaitable<Status> ping(NodeKey node, std::vector<Endpoint> endpoints) override;

private:
    transfer::ControlClient& client_;
};

}  // namespace satchel::node
