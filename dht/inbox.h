// This node's own inbox: pull notices that strangers left for it in the DHT.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "dht/location_service.h"
#include "src/base/clock.h"
#include "src/core/pull_notice.h"

namespace satchel::location {

struct InboxOptions {
    std::chrono::milliseconds first_poll{500};  ///< pushes bring what lies there already, mostly
    std::chrono::milliseconds poll_every = std::chrono::minutes(3);
    unsigned openings_per_minute = 1'024;  ///< each half a millisecond of CPU
};

/// Owner's thread.
class Inbox {
public:
    using Handler = std::function<void(PullNotice)>;

    /// Begins to listen at once. `handler` is told of each offer once, and again only where a new
    /// message comes 15 minutes later: a pull that failed gets another chance. All references
    /// outlive the inbox.
    Inbox(asio::io_context& owner, LocationService& service, SigningKey node, Clock const& clock,
          Handler handler, InboxOptions options = {});
    ~Inbox();

    Inbox(Inbox const&) = delete;
    Inbox& operator=(Inbox const&) = delete;

    /// No notice comes after this. Idempotent.
    void stop();

private:
    struct State;

    static asio::awaitable<void> poll(std::shared_ptr<State> state);

    std::shared_ptr<State> state_;
    std::unique_ptr<Watch> watch_;
};

}  // namespace satchel::location
