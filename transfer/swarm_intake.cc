#include "transfer/swarm_intake.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <sys/mman.h>

#include "transfer/async_event.h"
#include "transfer/early_pieces.h"

namespace satchel::transfer {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds turn_patience{5'000};
constexpr std::chrono::milliseconds ready_patience{5'000};
constexpr std::chrono::milliseconds news_patience{1'000};
constexpr auto passing_on = 30s;  ///< to slower receivers, after the own receipt

Result<std::shared_ptr<UniqueFd>> as_file(ByteSpan bytes) {
    UniqueFd file(::memfd_create("piece-layer", MFD_CLOEXEC));
    if (!file) return fail(system_error("memory for a piece layer"));
    if (auto written = write_all(file.get(), bytes); !written) return fail(written.error());
    return std::make_shared<UniqueFd>(std::move(file));
}

}  // namespace

struct SwarmIntake::Reception {
    Reception(asio::any_io_executor const& executor, std::shared_ptr<IncomingOffer> offered,
              std::shared_ptr<UploadSlot> upload_slot)
        : incoming(std::move(offered))
        , slot(std::move(upload_slot))
        , begun(executor)
        , ready(executor)
        , news(executor) {}

    std::shared_ptr<IncomingOffer> incoming;
    std::shared_ptr<UploadSlot> slot;
    UploadSlot::Turn turn;
    std::shared_ptr<EarlyPieces> pieces;
    std::shared_ptr<UniqueFd> layer;
    Swarm* swarm = nullptr;  ///< null once the job is stopped
    SwarmJobId job = 0;
    std::uint64_t looked_at = 0;  ///< bytes of what was left, while it is looked through
    std::optional<Error> refused;
    std::uint64_t asked = 0;  ///< Unix seconds: by its sender, how far it is
    bool feeding = false;
    bool ended = false;
    AsyncEvent begun;  ///< or it came to nothing
    AsyncEvent ready;
    AsyncEvent news;
};

SwarmIntake::SwarmIntake(asio::any_io_executor executor, WorkerPool& pool, ControlHost& host,
                         Clock const& clock, std::chrono::milliseconds start_patience,
                         Finish finish)
    : executor_(std::move(executor))
    , pool_(pool)
    , host_(host)
    , clock_(clock)
    , start_patience_(start_patience)
    , finish_(std::move(finish)) {}

bool SwarmIntake::wants(IncomingOffer const& incoming, UploadSlot const& slot) const {
    Offer const& offer = incoming.offer;
    SwarmRoom const* const room = host_.swarm_room();
    if (room == nullptr || !room->swarm->listening() || offer.swarm.empty()) return false;
    if (offer.size < control_limits::swarm_bytes_min) return false;
    // What came directly is not in the swarm's file. Where it began directly it goes on so; else
    // the file gets that, too.
    bool const fresh = slot.have() == 0 || SwarmFile::exists(room->folder, offer.content_id);
    return fresh && SwarmFile::has_room(room->folder.parent_path(), offer.size);
}

SwarmJob SwarmIntake::job_of(Reception const& reception, SwarmInvitation const& invitation,
                             Caller const& caller) const {
    Offer const& offer = reception.incoming->offer;
    SwarmJob job;
    job.content_id = offer.content_id;
    job.size = offer.size;
    job.layer = reception.layer;
    job.share = invitation.share;
    job.have = reception.pieces->here();
    if (std::ranges::find(job.have, true) != job.have.end())
        job.kept = reception.pieces->file().for_reading();
    job.fresh = reception.pieces->file().for_writing();
    SwarmRoom const* const room = host_.swarm_room();
    auto const add = [&](std::vector<Endpoint> endpoints) {
        std::erase_if(endpoints, [&](Endpoint const& one) { return !room->may_dial(one); });
        if (!endpoints.empty() && job.peers.size() < swarm_peers_max)
            job.peers.push_back({std::move(endpoints)});
    };
    add(offer.swarm);
    // Where the sender calls from it may dial from, too.
    if (!caller.ip.empty() && !offer.swarm.empty()) add({{caller.ip, offer.swarm.front().port}});
    for (SwarmPeer const& peer : invitation.peers)
        add(peer.endpoints);
    return job;
}

SwarmEvents SwarmIntake::events_for(ReceptionPtr const& reception) {
    return {.ready = [reception] { reception->ready.set(); },
            .piece =
                [this, reception](std::uint64_t index) {
                    reception->pieces->note(index);
                    reception->slot->note_fed(clock_.unix_seconds());
                    reception->news.set();
                    feed(reception);
                },
            .dropped =
                [this, reception](std::string const& ip, std::string const& why) {
                    host_.swarm_peer_dropped(reception->incoming->offer.content_id, ip, why);
                },
            .failed =
                [this, reception](Error const& error) {
                    reception->swarm = nullptr;
                    end(reception, error);
                }};
}

asio::awaitable<Answer> SwarmIntake::begin(std::shared_ptr<IncomingOffer> incoming,
                                           std::shared_ptr<UploadSlot> slot, Caller caller,
                                           SwarmInvitation invitation) {
    ContentId const id = incoming->offer.content_id;
    if (auto const known = receptions_.find(id);
        known != receptions_.end() && known->second->incoming == incoming)
        co_return co_await news(incoming);
    if (has(id) || !wants(*incoming, *slot)) co_return answer_of(slot->progress());
    auto const reception = std::make_shared<Reception>(executor_, incoming, slot);
    receptions_[id] = reception;
    reception->asked = clock_.unix_seconds();
    // A sender that goes over to the direct route takes the upload back.
    std::function<void()> interrupt = [this, weak = std::weak_ptr(reception)] {
        if (auto const self = weak.lock()) end(self, {Fault::unavailable, "sent directly"});
    };
    reception->turn = co_await UploadSlot::take(slot, std::move(interrupt), turn_patience);
    if (!reception->turn) {
        receptions_.erase(id);
        co_return answer_of(Refusal{409, "busy", "this blob is being fed"});
    }
    reception->feeding = true;  // the upload is in a worker's hands: its turn is not over before
    auto work = [this, reception, caller = std::move(caller),
                 invitation = std::move(invitation)]() mutable {
        return start(reception, std::move(caller), std::move(invitation));
    };
    asio::co_spawn(executor_, std::move(work), asio::detached);
    co_await reception->begun.wait_for(start_patience_);
    if (reception->refused) co_return answer_of(refusal_for(*reception->refused));
    co_return co_await news(incoming);
}

/// Gives the layer as a file.
asio::awaitable<Result<std::shared_ptr<UniqueFd>>> SwarmIntake::prepare(
    ReceptionPtr reception, std::filesystem::path folder, Bytes layer) {
    Offer const& offer = reception->incoming->offer;
    auto const upload = reception->slot->upload();
    auto open = [upload, folder = std::move(folder), layer, size = offer.size,
                 id = offer.content_id]() -> Result<std::shared_ptr<SwarmFile>> {
        auto set = upload->set_layer(layer);
        if (!set) return fail(set.error());
        return SwarmFile::open(folder, id, size, layer);
    };
    auto file = co_await pool_.await(std::move(open));
    if (!file) co_return fail(file.error());
    EarlyPieces::Look const look = [reception](std::uint64_t looked_at) {
        reception->looked_at = looked_at;
        return !reception->ended;
    };
    auto pieces = co_await EarlyPieces::share(pool_, std::move(*file), offer.size, upload, look);
    if (!pieces) co_return fail(pieces.error());
    reception->pieces = std::move(*pieces);
    co_return as_file(layer);
}

/// Nobody waits for it.
asio::awaitable<void> SwarmIntake::start(ReceptionPtr reception, Caller caller,
                                         SwarmInvitation invitation) {
    auto const slot = reception->slot;
    SwarmRoom const* room = host_.swarm_room();
    auto const folder = room == nullptr ? std::filesystem::path() : room->folder;
    auto const layer = co_await prepare(reception, folder, invitation.layer);
    reception->feeding = false;
    slot->advance_to(slot->upload()->offset());
    if (reception->pieces) slot->keep_early(reception->pieces);
    if (reception->ended) reception->turn = UploadSlot::Turn();
    room = host_.swarm_room();
    Result<SwarmJobId> started = fail(Fault::unavailable, "no swarm here");
    if (layer && room != nullptr && !reception->ended) {
        reception->layer = *layer;
        started = room->swarm->start(job_of(*reception, invitation, caller), events_for(reception));
    }
    if (!layer && !reception->ended) reception->refused = layer.error();
    if (started) {
        reception->job = *started;
        reception->swarm = room->swarm;
        feed(reception);
        bool const up = co_await reception->ready.wait_for(ready_patience);
        if (!up) end(reception, {Fault::timed_out, "the swarm did not get ready"});
    } else {
        end(reception, layer ? started.error() : layer.error());
    }
    reception->begun.set();
}

asio::awaitable<Answer> SwarmIntake::news(std::shared_ptr<IncomingOffer> incoming) {
    if (incoming->receipt) co_return answer_of(200, *incoming->receipt);
    auto const found = receptions_.find(incoming->offer.content_id);
    bool const here = found != receptions_.end() && found->second->incoming == incoming;
    auto const directly = [&incoming] {
        return answer_of(incoming->slot ? incoming->slot->progress() : OfferProgress());
    };
    if (!here) co_return directly();
    auto const reception = found->second;
    reception->asked = clock_.unix_seconds();
    reception->news.clear();
    auto const until = std::chrono::steady_clock::now() + news_patience;
    for (;;) {
        if (incoming->receipt) co_return answer_of(200, *incoming->receipt);
        auto const left = std::chrono::duration_cast<std::chrono::milliseconds>(
            until - std::chrono::steady_clock::now());
        if (reception->ended || left.count() <= 0) break;
        // Each piece is no news: the sender asks at most so often, but hears of the end at once.
        if (!co_await reception->news.wait_for(left)) break;
        reception->news.clear();
    }
    if (reception->ended) co_return directly();
    // While what was left is being looked through, so much of it has been: right or not, the
    // sender sees that it goes on.
    auto const have = reception->pieces ? reception->pieces->bytes() : reception->looked_at;
    co_return answer_of(OfferProgress{OfferAction::swarm, have});
}

void SwarmIntake::feed(ReceptionPtr const& reception) {
    if (reception->feeding || reception->ended) return;
    reception->feeding = true;
    asio::co_spawn(
        executor_, [this, reception] { return feed_all(reception); }, asio::detached);
}

/// What is next in order goes into the upload, which verifies it.
asio::awaitable<void> SwarmIntake::feed_all(ReceptionPtr reception) {
    auto const slot = reception->slot;
    auto const pieces = reception->pieces;
    Status fed;
    while (fed && !reception->ended && pieces->has(slot->have())) {
        fed = co_await pieces->feed_one(slot->upload(), pool_);
        slot->advance_to(slot->upload()->offset());
        slot->note_fed(clock_.unix_seconds());
    }
    if (!fed) end(reception, fed.error());
    bool const whole = fed && slot->have() == reception->incoming->offer.size && !reception->ended;
    if (whole) {
        Answer const answer = co_await finish_(reception->incoming, slot);
        if (answer.status >= 300) end(reception, {Fault::io, "the blob was not taken"});
    }
    reception->feeding = false;
    reception->news.set();
    if (reception->ended) {
        reception->turn = UploadSlot::Turn();
    } else if (whole) {
        reception->turn = UploadSlot::Turn();
        let_go(reception);
    } else if (pieces->has(slot->have())) {
        feed(reception);  // it came in between
    }
}

/// It has its receipt: for a while it passes pieces on to others.
void SwarmIntake::let_go(ReceptionPtr const& reception) {
    auto linger = [this, reception]() -> asio::awaitable<void> {
        asio::steady_timer timer(executor_, passing_on);
        boost::system::error_code ignored;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        if (!reception->ended) end(reception, {Fault::unavailable, "done"});
    };
    asio::co_spawn(executor_, std::move(linger), asio::detached);
}

bool SwarmIntake::end_orphan(ContentId const& id, std::uint64_t since) {
    auto const found = receptions_.find(id);
    bool const orphan = found != receptions_.end() && found->second->asked <= since;
    if (orphan) end(ReceptionPtr(found->second), {Fault::unavailable, "its sender is gone"});
    return orphan;
}

void SwarmIntake::sweep(std::uint64_t since) {
    auto const all = receptions_;
    for (auto const& [id, reception] : all)
        if (reception->slot->fed_at() <= since) end_orphan(id, since);
}

void SwarmIntake::end(ReceptionPtr const& reception, Error const& why) {
    if (reception->ended) return;
    reception->ended = true;
    if (reception->swarm != nullptr) reception->swarm->stop(reception->job);
    reception->swarm = nullptr;
    auto const found = receptions_.find(reception->incoming->offer.content_id);
    if (found != receptions_.end() && found->second == reception) receptions_.erase(found);
    if (!reception->incoming->receipt)
        host_.swarm_ended(reception->incoming->offer.content_id, why);
    // The feeder gives the turn back itself: the upload is in its hands.
    if (!reception->feeding) reception->turn = UploadSlot::Turn();
    reception->begun.set();
    reception->ready.set();
    reception->news.set();
}

}  // namespace satchel::transfer
