// At most so many at once at each node; the others wait, first come, first served.
#pragma once

#include <deque>
#include <map>
#include <memory>

#include "src/base/asio.h"
#include "src/core/keys.h"
#include "transfer/async_event.h"

namespace satchel::node {

/// Owner's thread. Copies share the count, which lives as long as anybody's turn.
class Turns {
public:
    Turns(asio::io_context& owner, std::size_t at_once)
        : shared_(std::make_shared<Shared>(owner, at_once)) {}

    /// Ends with its last copy; true, unlike one that was not taken.
    using Turn = std::shared_ptr<void>;

    asio::awaitable<Turn> take(NodeKey node) {
        auto const shared = shared_;
        Queue& queue = shared->queues[node];
        if (queue.running < shared->at_once) {
            ++queue.running;
        } else {
            auto const mine = std::make_shared<transfer::AsyncEvent>(shared->owner.get_executor());
            queue.waiting.push_back(mine);
            co_await mine->wait();
        }
        // Never null: who has a turn must see it, and not wait for another behind all the rest.
        co_return Turn(shared.get(), [shared, node](void*) { shared->give_back(node); });
    }

private:
    struct Queue {
        std::size_t running = 0;
        std::deque<std::shared_ptr<transfer::AsyncEvent>> waiting{};
    };

    struct Shared {
        Shared(asio::io_context& io, std::size_t most)
            : owner(io)
            , at_once(most) {}

        asio::io_context& owner;
        std::size_t at_once;
        std::map<NodeKey, Queue> queues;

        void give_back(NodeKey const& node) {
            Queue& queue = queues[node];
            if (queue.waiting.empty()) {
                if (--queue.running == 0) queues.erase(node);
                return;
            }
            // Handed over: nobody who comes now gets in between.
            queue.waiting.front()->set();
            queue.waiting.pop_front();
        }
    };

    std::shared_ptr<Shared> shared_;
};

}  // namespace satchel::node
