// The gateway's ends of the open lines: nodes that cannot be dialled wait here to be told what to
// come for.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <vector>

#include "dht/wake_up.h"
#include "src/base/result.h"
#include "transfer/line_message.h"

namespace satchel::node {

/// Owner's thread.
class OpenLines {
public:
    explicit OpenLines(asio::io_context& owner)
        : owner_(owner) {}

    /// Until there is an order, somebody pings, or `patience` ends. One hold of a node at a time: a
    /// second one ends the first.
    asio::awaitable<transfer::LineAnswer> hold(NodeKey node, std::chrono::milliseconds patience);

    /// Ends the node's hold, and waits until it holds again. Fault::not_found: it never held, or
    /// not for a while. Fault::unavailable: it does not come back.
    asio::awaitable<Status> ping(NodeKey node);

    /// Fault::not_found as for ping(). Fault::unavailable: too many orders wait for it.
    Status order(NodeKey const& node, PullNotice const& notice);

    /// Somebody waits for it at this gateway. Faults as for order().
    Status call_to_meeting(NodeKey const& node, transfer::RelayToken const& token);

    /// Ends all that waits.
    void stop();

private:
    struct Line {
        explicit Line(asio::any_io_executor const& owner)
            : changed(owner)
            , held_again(owner) {}

        location::WakeUp changed;     ///< for who holds
        location::WakeUp held_again;  ///< for who pings
        std::vector<PullNotice> orders{};
        std::vector<transfer::RelayToken> meetings{};
        std::uint64_t holds = 0;  ///< begun so far
        bool held = false;
        bool asked = false;  ///< somebody wants to know whether it is there
        std::chrono::steady_clock::time_point last_seen{};
    };

    std::shared_ptr<Line> find(NodeKey const& node);
    void sweep();

    asio::io_context& owner_;
    std::map<NodeKey, std::shared_ptr<Line>> lines_;
    bool stopped_ = false;
};

}  // namespace satchel::node
