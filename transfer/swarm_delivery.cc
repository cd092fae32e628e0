#include "transfer/swarm_delivery.h"

#include <algorithm>

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
        , step_done_(executor_)
        , seed_ready_(executor_) {
        for (SwarmReceiver& receiver : order_.receivers)
            members_.push_back({&receiver});
    }

    asio::awaitable<std::vector<Result<Delivered>>> run() {
        co_await for_each([](Member const&) { return true; },
                          [this](Member& member) { return make_offer(member); });
        for (Member& member : members_)
            if (member.takes_part) member.share = shares_++;
        if (shares_ >= 2 && co_await start_seed()) {
            co_await for_each([](Member const& member) { return member.takes_part; },
                              [this](Member& member) { return invite(member); });
            swarm_.dial(seed_);
            co_await for_each([](Member const& member) { return member.takes_part; },
                              [this](Member& member) { return follow(member); });
        }
        over_ = true;
        if (seeding_) swarm_.stop(seed_);
        std::vector<Result<Delivered>> results;
        for (Member& member : members_)
            results.push_back(std::move(member.result));
        co_return results;
    }

private:
    struct Member {
        SwarmReceiver* who;
        bool takes_part = false;
        std::uint64_t have = 0;
        int invited = 0;
        std::uint32_t share = 0;
        Result<Delivered> result = fail(Fault::unavailable, "it takes no part in a swarm");
    };

    /// Does `step` for all of them at once.
    template <class Which, class Step>
    asio::awaitable<void> for_each(Which which, Step step) {
        running_ = 0;
        step_done_.clear();
        for (Member& member : members_) {
            if (!which(member)) continue;
            ++running_;
            auto one = [self = shared_from_this(), step, &member]() -> asio::awaitable<void> {
                co_await step(member);
                if (--self->running_ == 0) self->step_done_.set();
            };
            asio::co_spawn(executor_, std::move(one), asio::detached);
        }
        if (running_ > 0) co_await step_done_.wait();
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
        member.have = std::max(member.have, progress.have);
        if (member.who->progress) member.who->progress(member.have);
        return !member.takes_part;
    }

    std::vector<SwarmPeer> peers_but_for(Member const* self) const {
        std::vector<SwarmPeer> peers;
        for (Member const& member : members_)
            if (&member != self && (member.takes_part || member.invited > 0))
                peers.push_back({member.who->swarm});
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
        invitation.share = {member.share, shares_};
        ++member.invited;
        ContentId const id = member.who->offer.content_id;
        auto const answer = co_await client_.put_swarm(peer_of(member), id, invitation);
        // Its process may have died just now: follow() sees to that.
        bool const again = answer && is_put(*answer) && member.invited < invitations;
        if (!again) take(member, answer);
    }

    /// On a narrow uplink the next piece is long in coming to each.
    std::chrono::milliseconds patience() const {
        auto const waited = std::chrono::duration<double>(SteadyClock::now() - seeded_).count();
        auto const sent = static_cast<double>(swarm_.traffic().sent - sent_before_);
        if (sent <= 0) return order_.patience;
        double const round = static_cast<double>(piece_length_for(order_.size)) * shares_;
        auto const rounds = std::chrono::duration<double>(4 * round * waited / sent);
        auto const long_enough = std::chrono::duration_cast<std::chrono::milliseconds>(rounds);
        return std::clamp(long_enough, order_.patience,
                          std::max(order_.patience, longest_patience));
    }

    /// Until it has the blob, or gets no further.
    asio::awaitable<void> follow(Member& member) {
        auto progressed = SteadyClock::now();
        std::uint64_t seen = member.have;
        while (member.takes_part && SteadyClock::now() < progressed + patience()) {
            ContentId const id = member.who->offer.content_id;
            auto const answer = co_await client_.ask_swarm(peer_of(member), id);
            bool const broken = !answer || is_put(*answer);
            if (broken && member.invited < invitations) {
                co_await invite_again(member, SteadyClock::now() + come_back);
            } else if (take(member, answer)) {
                break;
            }
            if (member.have > seen) progressed = SteadyClock::now();
            seen = std::max(seen, member.have);
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
    std::size_t running_ = 0;
    AsyncEvent step_done_;
    SeedFiles files_;
    SwarmJobId seed_ = 0;
    SteadyClock::time_point seeded_ = SteadyClock::now();
    std::uint64_t const sent_before_ = swarm_.traffic().sent;
    bool seeding_ = false;
    bool over_ = false;
    AsyncEvent seed_ready_;
};

}  // namespace

asio::awaitable<std::vector<Result<Delivered>>> deliver_by_swarm(ControlClient& client,
                                                                 Swarm& swarm, WorkerPool& workers,
                                                                 SwarmDeliveryOrder order) {
    auto const executor = co_await asio::this_coro::executor;
    auto const delivery =
        std::make_shared<SwarmDelivery>(client, swarm, workers, executor, std::move(order));
    auto results = co_await delivery->run();
    co_return results;
}

}  // namespace satchel::transfer
