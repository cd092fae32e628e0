#include "transfer/swarm_delivery.h"

#include <algorithm>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>

#include "transfer/async_event.h"
#include "transfer/merkle_root.h"
#include "transfer/swarm_invitation.h"

namespace satchel::transfer {

namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds ready_patience{5'000};
constexpr std::chrono::milliseconds pause_after_break{300};
constexpr std::chrono::milliseconds seed_pause{250};
constexpr std::chrono::milliseconds longest_patience{600'000};
constexpr std::chrono::milliseconds come_back{8'000};  ///< a node or a process started anew
constexpr int invitations = 4;  ///< to one receiver, where its swarm breaks down

struct SeedFiles {
    std::shared_ptr<UniqueFd> blob;
    std::shared_ptr<UniqueFd> layer;
};

/// The process gets the blob to read, and not to write.
Result<SeedFiles> seed_files(UniqueFd const& blob, ByteSpan layer) {
    auto reading = open_file("/proc/self/fd/" + std::to_string(blob.get()), O_RDONLY);
    if (!reading) return fail(reading.error());
    UniqueFd memory(::memfd_create("piece-layer", MFD_CLOEXEC));
    if (!memory) return fail(system_error("memory for a piece layer"));
    if (auto written = write_all(memory.get(), layer); !written) return fail(written.error());
    return SeedFiles{std::make_shared<UniqueFd>(std::move(*reading)),
                     std::make_shared<UniqueFd>(std::move(memory))};
}

class SwarmDelivery : public std::enable_shared_from_this<SwarmDelivery> {
public:
    SwarmDelivery(ControlClient& client, Swarm& swarm, WorkerPool& workers,
                  asio::any_io_executor executor, SwarmDeliveryOrder order)
        : client_(client)
        , swarm_(swarm)
        , workers_(workers)
        , executor_(std::move(executor))
        , order_(std::move(order))
        , answered_(executor_)
        , decided_(executor_)
        , all_settled_(executor_)
        , seed_ready_(executor_)
        , unanswered_(order_.receivers.size())
        , unsettled_(order_.receivers.size()) {
        for (SwarmReceiver& receiver : order_.receivers)
            members_.push_back({&receiver});
    }

    asio::awaitable<void> run() {
        if (members_.empty()) co_return;
        for (Member& member : members_) {
            auto one = [self = shared_from_this(), &member] { return self->serve(member); };
            asio::co_spawn(executor_, std::move(one), asio::detached);
        }
        co_await await_answers();
        shares_ = takers();
        // Where there is no seed nobody has been invited: all are left to the direct route.
        if (shares_ >= 2) together_ = co_await start_seed();
        decided_.set();
        co_await all_settled_.wait();
        over_ = true;
        if (seeding_) swarm_.stop(seed_);
    }

private:
    struct Member {
        SwarmReceiver* who;
        bool answered = false;
        bool takes_part = false;
        std::uint64_t have = 0;  ///< bytes, as told since it was last invited
        std::uint64_t shown = 0;
        bool looked = false;  ///< through what was left: it told less after that
        SteadyClock::time_point progressed{};
        int invited = 0;
        std::uint32_t share = 0;
        Result<Delivered> result = fail(Fault::unavailable, "it takes no part in a swarm");
    };

    std::uint32_t takers() const {
        return static_cast<std::uint32_t>(std::ranges::count_if(members_, &Member::takes_part));
    }

    /// All of them, or those that are quick.
    asio::awaitable<void> await_answers() {
        auto const until = SteadyClock::now() + order_.answer_patience;
        while (unanswered_ > 0) {
            auto const left =
                std::chrono::ceil<std::chrono::milliseconds>(until - SteadyClock::now());
            if (left.count() <= 0) break;
            co_await answered_.wait_for(left);
            answered_.clear();
        }
    }

    /// All that becomes of one receiver. Nobody waits for it.
    asio::awaitable<void> serve(Member& member) {
        co_await make_offer(member);
        member.answered = true;
        --unanswered_;
        answered_.set();
        if (member.takes_part) {
            member.share = next_share_++;
            co_await decided_.wait();
            if (together_) {
                co_await invite(member);
                if (seeding_) swarm_.dial(seed_);
                co_await follow(member);
            }
        }
        member.takes_part = false;
        if (member.who->settled) member.who->settled(std::move(member.result));
        if (--unsettled_ == 0) all_settled_.set();
    }

    Peer peer_of(Member const& member) const {
        return {member.who->offer.recipient_node, member.who->endpoints};
    }

    asio::awaitable<void> pause(std::chrono::milliseconds length) {
        asio::steady_timer timer(executor_, length);
        boost::system::error_code ignored;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }

    asio::awaitable<void> make_offer(Member& member) {
        auto const answer =
            co_await client_.offer(peer_of(member), member.who->offer, std::nullopt);
        take(member, answer);
    }

    /// True: there is nothing more to be done for it here.
    bool take(Member& member, Result<IntakeAnswer> const& answer) {
        if (!answer) {
            member.takes_part = false;
            member.result = fail(answer.error());
            return true;
        }
        if (auto const* const receipt = std::get_if<Receipt>(&*answer)) {
            Offer const& offer = member.who->offer;
            member.takes_part = false;
            bool const good =
                receipt->node == offer.recipient_node && receipt_holds(*receipt, offer);
            if (!good) {
                member.result =
                    fail(Fault::untrusted, "the storage node's receipt is not for this offer");
                return true;
            }
            if (member.who->progress) member.who->progress(order_.size);
            member.result = Delivered{*receipt, Route::swarm};
            return true;
        }
        auto const& progress = std::get<OfferProgress>(*answer);
        member.takes_part = progress.action == OfferAction::swarm;
        count(member, progress.have);
        member.shown = std::max(member.shown, member.have);
        if (member.who->progress) member.who->progress(member.shown);
        return !member.takes_part;
    }

    /// Whole pieces are progress: who lets bytes trickle is as good as silent. Once after each
    /// invitation it may tell less: it has looked through what was left, and not all was right.
    void count(Member& member, std::uint64_t have) {
        std::uint64_t const piece = piece_length_for(order_.size);
        bool const fell = have < member.have && !std::exchange(member.looked, true);
        if (fell || have / piece > member.have / piece) member.progressed = SteadyClock::now();
        member.have = fell ? have : std::max(member.have, have);
    }

    /// Whoever answers late may still come.
    std::vector<SwarmPeer> peers_but_for(Member const* self) const {
        std::vector<SwarmPeer> peers;
        for (Member const& member : members_) {
            bool const may_come = !member.answered || member.takes_part || member.invited > 0;
            if (&member != self && may_come) peers.push_back({member.who->swarm});
        }
        return peers;
    }

    asio::awaitable<bool> start_seed() {
        auto open = [file = order_.file, layer = order_.layer] { return seed_files(*file, layer); };
        auto files = co_await workers_.await(std::move(open));
        if (!files) co_return false;
        files_ = std::move(*files);
        co_return co_await begin_seed();
    }

    asio::awaitable<bool> begin_seed() {
        SwarmJob job;
        job.content_id = order_.receivers.front().offer.content_id;
        job.size = order_.size;
        job.layer = files_.layer;
        job.peers = peers_but_for(nullptr);
        job.have.assign(pieces_in(order_.size), true);
        job.kept = files_.blob;
        auto const self = weak_from_this();
        SwarmEvents events{.ready =
                               [self] {
                                   if (auto const here = self.lock()) here->seed_ready_.set();
                               },
                           .piece = {},
                           .dropped = {},
                           .failed =
                               [self](Error const&) {
                                   if (auto const here = self.lock()) here->seed_again();
                               }};
        seed_ready_.clear();
        auto const started = swarm_.start(std::move(job), std::move(events));
        if (!started) co_return false;
        seed_ = *started;
        seeding_ = true;
        co_return co_await seed_ready_.wait_for(ready_patience);
    }

    /// The process that seeds has died: the next one goes on.
    void seed_again() {
        seeding_ = false;
        auto again = [self = shared_from_this()]() -> asio::awaitable<void> {
            while (!self->over_ && !self->seeding_) {
                co_await self->pause(seed_pause);
                if (self->over_ || !self->swarm_.listening()) continue;
                if (co_await self->begin_seed()) self->swarm_.dial(self->seed_);
                if (self->over_ && self->seeding_) self->swarm_.stop(self->seed_);
            }
        };
        asio::co_spawn(executor_, std::move(again), asio::detached);
    }

    asio::awaitable<void> invite(Member& member) {
        SwarmInvitation invitation;
        invitation.layer = order_.layer;
        invitation.peers = peers_but_for(&member);
        invitation.share = {member.share % shares_, shares_};
        ++member.invited;
        ContentId const id = member.who->offer.content_id;
        auto const answer = co_await client_.put_swarm(peer_of(member), id, invitation);
        // A node that was started anew begins to count anew.
        member.have = 0;
        member.looked = false;
        member.progressed = SteadyClock::now();
        // Its process may have died just now: follow() sees to that.
        bool const again = answer && is_put(*answer) && member.invited < invitations;
        if (!again) take(member, answer);
    }

    /// On a narrow uplink the next piece is long in coming to each.
    std::chrono::milliseconds patience() const {
        std::uint32_t const waiting = takers();
        auto const at_least = waiting > 1 ? order_.patience : order_.patience / 4;
        auto const waited = std::chrono::duration<double>(SteadyClock::now() - seeded_).count();
        auto const sent = static_cast<double>(swarm_.traffic().sent - sent_before_);
        if (sent <= 0) return order_.patience;
        double const round = static_cast<double>(piece_length_for(order_.size)) * waiting;
        auto const rounds = std::chrono::duration<double>(4 * round * waited / sent);
        auto const long_enough = std::chrono::duration_cast<std::chrono::milliseconds>(rounds);
        return std::clamp(long_enough, at_least, std::max(order_.patience, longest_patience));
    }

    /// Until it has the blob, or gets no further.
    asio::awaitable<void> follow(Member& member) {
        while (member.takes_part && SteadyClock::now() < member.progressed + patience()) {
            ContentId const id = member.who->offer.content_id;
            auto const answer = co_await client_.ask_swarm(peer_of(member), id);
            bool const broken = !answer || is_put(*answer);
            if (broken && member.invited < invitations) {
                co_await invite_again(member, SteadyClock::now() + come_back);
            } else if (take(member, answer)) {
                break;
            }
        }
        if (member.takes_part)
            member.result = fail(Fault::unavailable, "nothing more came to it through the swarm");
        member.takes_part = false;
    }

    static bool is_put(IntakeAnswer const& answer) {
        auto const* const progress = std::get_if<OfferProgress>(&answer);
        return progress != nullptr && progress->action == OfferAction::put;
    }

    /// Its node, or its swarm's process, was started anew.
    asio::awaitable<void> invite_again(Member& member, SteadyClock::time_point until) {
        ++member.invited;
        while (SteadyClock::now() < until) {
            co_await pause(pause_after_break);
            auto const answer =
                co_await client_.offer(peer_of(member), member.who->offer, std::nullopt);
            bool const gone = !answer && (answer.error().fault == Fault::unavailable ||
                                          answer.error().fault == Fault::timed_out);
            if (gone || (answer && is_put(*answer))) {
                // It is not there yet.
                member.result = fail(Fault::unavailable, "its swarm has gone");
                continue;
            }
            if (take(member, answer)) co_return;
            co_await invite(member);
            if (seeding_) swarm_.dial(seed_);
            co_return;
        }
        member.takes_part = false;
    }

    ControlClient& client_;
    Swarm& swarm_;
    WorkerPool& workers_;
    asio::any_io_executor executor_;
    SwarmDeliveryOrder order_;
    std::vector<Member> members_;
    std::uint32_t shares_ = 0;
    std::uint32_t next_share_ = 0;
    AsyncEvent answered_;
    AsyncEvent decided_;  ///< whether they get it together
    AsyncEvent all_settled_;
    SeedFiles files_;
    SwarmJobId seed_ = 0;
    SteadyClock::time_point seeded_ = SteadyClock::now();
    std::uint64_t const sent_before_ = swarm_.traffic().sent;
    bool seeding_ = false;
    bool together_ = false;
    bool over_ = false;
    AsyncEvent seed_ready_;
    std::size_t unanswered_;  ///< receivers
    std::size_t unsettled_;   ///< receivers
};

}  // namespace

asio::awaitable<void> deliver_by_swarm(ControlClient& client, Swarm& swarm, WorkerPool& workers,
                                       SwarmDeliveryOrder order) {
    auto const executor = co_await asio::this_coro::executor;
    auto const delivery =
        std::make_shared<SwarmDelivery>(client, swarm, workers, executor, std::move(order));
    co_await delivery->run();
}

}  // namespace satchel::transfer
