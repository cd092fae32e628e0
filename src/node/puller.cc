#include "src/node/puller.h"

#include <algorithm>

#include "src/node/persistence.h"

namespace satchel::node {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::size_t at_once_max = 4;
constexpr std::size_t waiting_max = 256;
constexpr std::size_t dials_per_minute = 120;  // a forger must not make us knock at doors

}  // namespace

void Puller::follow(PullNotice notice) {
    // A sender that hears nothing tells again.
    bool const known =
        at_work_.contains(notice.offer) || std::ranges::any_of(waiting_, [&](auto const& other) {
            return other.offer == notice.offer;
        });
    if (known || waiting_.size() >= waiting_max || stopped_) return;
    waiting_.push_back(std::move(notice));
    begin_next();
}

void Puller::begin_next() {
    if (waiting_.empty() || at_work_.size() >= at_once_max || stopped_) return;
    PullNotice notice = std::move(waiting_.front());
    waiting_.pop_front();
    at_work_.insert(notice.offer);
    asio::co_spawn(
        world_.owner, [this, notice] { return work(notice); }, asio::detached);
}

bool Puller::may_dial() {
    auto const now = steady_clock::now();
    while (!dials_.empty() && now - dials_.front() > 1min)
        dials_.pop_front();
    if (dials_.size() >= dials_per_minute) return false;
    dials_.push_back(now);
    return true;
}

asio::awaitable<void> Puller::work(PullNotice notice) {
    Status const pulled = co_await pull(notice);
    if (!pulled) {
        world_.log.info("not_pulled", {{"content", notice.content_id.short_form()},
                                       {"node", notice.sender.short_form()},
                                       {"reason", pulled.error().what}});
    }
    at_work_.erase(notice.offer);
    begin_next();
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
    if (admission.refusal) {
        world_.host.offer_refused(*offer, *admission.refusal);
        co_return fail(Fault::refused, admission.refusal->reason);
    }
    BlobHolder const holder{peer, *offer, admission.admitted.account};
    Status const taken = co_await take(holder);
    if (!taken) co_return taken;
    world_.host.blob_arrived(*offer, transfer::Route::pull);
    Receipt draft;
    draft.offer = digest_of(*offer);
    draft.content_id = offer->content_id;
    draft.size = offer->size;
    draft.node = world_.identity.node_public();
    draft.time = world_.clock.unix_seconds();
    co_return co_await world_.client.put_receipt(
        peer, offer->id, sign_receipt(std::move(draft), world_.identity.node_key));
}

asio::awaitable<Status> Puller::take(BlobHolder holder) {
    Persistence persistence(world_.owner);
    BlobFetcher::Progress const progress = [&persistence](std::uint64_t done, std::uint64_t) {
        persistence.note(done);
    };
    for (;;) {
        Status const taken = co_await world_.fetcher.take(holder, progress);
        if (taken || stopped_) co_return taken;
        bool const again = co_await persistence.again(taken.error());
        if (!again) co_return taken;
    }
}

}  // namespace satchel::node
