#include "src/node/joint_fetch.h"

#include <deque>

#include "dht/wake_up.h"
#include "transfer/blob_windows.h"

namespace satchel::node {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto look_again_after =
    250ms;  ///< whether a source that has fallen silent can be replaced

/// Shared with the sources' coroutines.
struct Joint {
    Joint(asio::io_context& owner, transfer::ControlClient& used,
          std::shared_ptr<transfer::BlobUpload> into, std::uint64_t bytes, std::size_t sources)
        : client(used)
        , size(bytes)
        , windows(std::make_shared<transfer::BlobWindows>(std::move(into), bytes, sources))
        , ended(owner.get_executor())
        , running(sources) {
        for (std::size_t i = 0; i < sources; ++i)
            waiting.emplace_back(owner.get_executor());
    }

    transfer::ControlClient& client;
    std::uint64_t size;
    std::shared_ptr<transfer::BlobWindows> windows;
    std::deque<location::WakeUp> waiting;  ///< by source: for a window
    location::WakeUp ended;
    std::size_t running;
    Status last = fail(Fault::unavailable, "no source");
    BlobFetcher::Progress progress;

    void notify_all() {
        for (location::WakeUp& one : waiting)
            one.notify();
    }
};

asio::awaitable<void> bring_windows(std::shared_ptr<Joint> joint, std::size_t source,
                                    BlobHolder holder) {
    auto& windows = *joint->windows;
    while (!windows.is_over_for(source)) {
        auto window = windows.claim(source, steady_clock::now());
        if (!window) {
            co_await joint->waiting[source].wait_for(look_again_after);
            continue;
        }
        transfer::ControlClient::BlobFetch fetch;
        fetch.id = holder.offer.content_id;
        fetch.size = joint->size;
        fetch.end = window->end;
        fetch.into = window->into;
        // Of several it has to be plain who sends what is wrong.
        fetch.masked = false;
        fetch.progress = [joint](std::uint64_t) {
            if (joint->progress) joint->progress(joint->windows->offset(), joint->size);
        };
        Status const brought = co_await joint->client.fetch_bytes(holder.peer, std::move(fetch));
        windows.give_back(source);
        joint->notify_all();
        if (windows.is_complete()) joint->ended.notify();
        if (brought || windows.is_to_begin_anew(source)) continue;
        joint->last = brought;
        break;
    }
    if (--joint->running == 0) joint->ended.notify();
}

}  // namespace

asio::awaitable<Status> fetch_jointly(asio::io_context& owner, transfer::ControlClient& client,
                                      std::vector<BlobHolder> holders,
                                      std::shared_ptr<transfer::BlobUpload> into,
                                      BlobFetcher::Progress progress) {
    Offer const& offer = holders.front().offer;
    Status const known = co_await client.bring_layer(holders.front().peer, offer.content_id, into);
    if (!known) co_return known;
    auto const joint =
        std::make_shared<Joint>(owner, client, std::move(into), offer.size, holders.size());
    joint->progress = std::move(progress);
    for (std::size_t i = 0; i < holders.size(); ++i)
        asio::co_spawn(owner, bring_windows(joint, i, holders[i]), asio::detached);
    while (joint->running > 0 && !joint->windows->is_complete())
        co_await joint->ended.wait_for(1s);
    // One that is silent may outlive this.
    joint->progress = nullptr;
    joint->notify_all();
    if (joint->windows->is_complete()) co_return Status();
    co_return joint->last;
}

}  // namespace satchel::node
