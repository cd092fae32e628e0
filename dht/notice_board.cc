#include "dht/notice_board.h"

#include <algorithm>

#include "dht/wake_up.h"

namespace satchel::location {

namespace {

using namespace std::chrono_literals;

constexpr auto put_patience = 10s;
constexpr auto turn_pause = 30s;

}  // namespace

struct NoticeBoard::Posted {
    Posted(asio::io_context& owner, NodeKey receiver, PullNotice content)
        : to(std::move(receiver))
        , notice(std::move(content))
        , wake(owner.get_executor()) {}

    NodeKey to;
    PullNotice notice;
    WakeUp wake;
    bool live = false;  ///< has its turn
    bool withdrawn = false;
};

NoticeBoard::NoticeBoard(asio::io_context& owner, LocationService& service, WorkerPool& workers,
                         Clock const& clock, Randomness& randomness, EventLog const& log,
                         NoticeBoardOptions options)
    : owner_(owner)
    , service_(service)
    , workers_(workers)
    , clock_(clock)
    , randomness_(randomness)
    , log_(log)
    , options_(options) {}

NoticeBoard::~NoticeBoard() {
    stop();
}

Status NoticeBoard::announce(NodeKey const& to, PullNotice notice) {
    if (auto body = encode_pull_notice(notice); !body) return fail(body.error());
    withdraw(notice.offer);
    if (posted_.size() >= options_.notices_max)
        return fail(Fault::refused, "too many pull notices are kept alive already");
    auto const offer = notice.offer;
    auto posted = std::make_shared<Posted>(owner_, to, std::move(notice));
    posted_[offer] = posted;
    asio::co_spawn(
        owner_, [this, posted] { return keep_alive(posted); }, asio::detached);
    return {};
}

void NoticeBoard::withdraw(OfferId const& offer) {
    auto const it = posted_.find(offer);
    if (it == posted_.end()) return;
    auto const gone = it->second;
    posted_.erase(it);
    gone->withdrawn = true;
    gone->wake.notify();
    for (auto const& [id, posted] : posted_)
        if (posted->to == gone->to && !posted->live) posted->wake.notify();
}

void NoticeBoard::stop() {
    while (!posted_.empty())
        withdraw(posted_.begin()->first);
}

bool NoticeBoard::has_turn(Posted& posted) const {
    if (posted.live) return true;
    auto const others = std::count_if(posted_.begin(), posted_.end(), [&](auto const& entry) {
        return entry.second->live && entry.second->to == posted.to;
    });
    posted.live = static_cast<std::size_t>(others) < options_.live_per_receiver;
    return posted.live;
}

double NoticeBoard::chance() {
    auto const dice = randomness_.array<2>();
    return (dice[0] * 256.0 + dice[1]) / 65'536.0;
}

asio::awaitable<std::chrono::milliseconds> NoticeBoard::post(std::shared_ptr<Posted> posted) {
    auto const jitter =
        std::chrono::duration_cast<std::chrono::milliseconds>(options_.period * (chance() * 0.1));
    auto work = [notice = posted->notice, to = posted->to, now = clock_.unix_milliseconds(),
                 &randomness = randomness_] { return seal_notice(notice, to, now, randomness); };
    auto record = co_await workers_.await(std::move(work));
    if (posted->withdrawn) co_return 0ms;
    if (!record) {
        log_.warning("notice_not_sealed", {{"reason", record.error().what}});
        withdraw(posted->notice.offer);
        co_return 0ms;
    }
    auto const put = co_await service_.put(std::move(*record), put_patience);
    if (put) co_return options_.period - jitter;
    log_.detail("notice_not_put", {{"reason", put.error().what}});
    co_return options_.retry;
}

asio::awaitable<void> NoticeBoard::keep_alive(std::shared_ptr<Posted> posted) {
    while (!posted->withdrawn) {
        if (posted->notice.expires <= clock_.unix_seconds()) {
            withdraw(posted->notice.offer);
        } else if (!has_turn(*posted)) {
            co_await posted->wake.wait_for(turn_pause);
        } else {
            auto const rest = co_await post(posted);
            if (!posted->withdrawn) co_await posted->wake.wait_for(rest);
        }
    }
}

}  // namespace satchel::location
