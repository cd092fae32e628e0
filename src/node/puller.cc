#include "src/node/puller.h"

#include <algorithm>

namespace satchel::node {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::size_t at_once_max = 4;
constexpr std::size_t waiting_max = 256;
constexpr std::size_t dials_per_minute = 120;  // a forger must not make us knock at doors

}  // namespace

void Puller::follow(PullNotice notice) {
    bool const known = std::ranges::any_of(
        waiting_, [&](PullNotice const& other) { return other.offer == notice.offer; });
    if (known || waiting_.size() >= waiting_max || stopped_) return;
    waiting_.push_back(std::move(notice));
    if (working_ >= at_once_max) return;
    ++working_;
    asio::co_spawn(
        world_.owner, [this] { return work(); }, asio::detached);
}

bool Puller::may_dial() {
    auto const now = steady_clock::now();
    while (!dials_.empty() && now - dials_.front() > 1min)
        dials_.pop_front();
    if (dials_.size() >= dials_per_minute) return false;
    dials_.push_back(now);
    return true;
}

asio::awaitable<void> Puller::work() {
    while (!waiting_.empty() && !stopped_) {
        PullNotice const notice = std::move(waiting_.front());
        waiting_.pop_front();
        Status const pulled = co_await pull(notice);
        if (!pulled) {
            world_.log.info("not_pulled", {{"content", notice.content_id.short_form()},
                                           {"node", notice.sender.short_form()},
                                           {"reason", pulled.error().what}});
        }
    }
    --working_;
}

asio::awaitable<Status> Puller::pull(PullNotice notice) {
    if (notice.expires <= world_.clock.unix_seconds())
        co_return fail(Fault::refused, "the notice has expired");
    if (!may_dial()) co_return fail(Fault::refused, "too many notices in a minute");
    transfer::Peer const peer{notice.sender, notice.control};
    auto offer = co_await world_.client.ask_offer(peer, notice.offer);
    if (!offer) co_return fail(offer.error());
    bool const same = offer->id == notice.offer && offer->content_id == notice.content_id &&
                      offer->size == notice.size && offer->sender_node == notice.sender;
    if (!same) co_return fail(Fault::corrupt, "the offer is another than the notice says");
    auto const admission = co_await world_.server.judge(*offer);
    if (admission.refusal) co_return fail(Fault::refused, admission.refusal->reason);
    Status const taken = co_await world_.fetcher.take(peer, *offer, admission.admitted.account, {});
    if (!taken) co_return taken;
    world_.host.blob_arrived(*offer);
    Receipt draft;
    draft.offer = digest_of(*offer);
    draft.content_id = offer->content_id;
    draft.size = offer->size;
    draft.node = world_.identity.node_public();
    draft.time = world_.clock.unix_seconds();
    co_return co_await world_.client.put_receipt(
        peer, offer->id, sign_receipt(std::move(draft), world_.identity.node_key));
}

}  // namespace satchel::node
