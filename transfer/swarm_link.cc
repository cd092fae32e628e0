#include "transfer/swarm_link.h"

#include <utility>

#include <poll.h>

#include "src/base/message_socket.h"
#include "transfer/merkle_root.h"

namespace satchel::transfer {

namespace {

constexpr std::size_t unsent_orders_max = 1'024;

}  // namespace

SwarmLink::SwarmLink(asio::io_context& owner, UniqueFd process, std::function<void()> changed)
    : state_(std::make_shared<State>(owner, std::move(process), std::move(changed))) {
    state_->hear();
}

SwarmLink::~SwarmLink() {
    state_->changed = nullptr;
    state_->jobs.clear();
    state_->gone = true;
    boost::system::error_code ignored;
    state_->socket.close(ignored);
}

void SwarmLink::State::hear() {
    socket.async_wait(asio::posix::stream_descriptor::wait_read,
                      [self = shared_from_this()](boost::system::error_code failed) {
                          if (failed || self->gone) return;
                          self->read_all();
                          if (!self->gone) self->hear();
                      });
}

void SwarmLink::State::read_all() {
    while (!gone) {
        auto const received = receive_message(socket.native_handle(), swarm_message_bytes);
        if (!received) return give_up(received.error().what);
        if (!*received) return;
        auto const word = decode_swarm_word((*received)->bytes);
        // It may be in a stranger's hands: nothing more is heard of it.
        if (!word) return give_up(word.error().what);
        take(*word);
    }
}

void SwarmLink::State::take(SwarmWord const& word) {
    if (auto const* up = std::get_if<SwarmIsUp>(&word)) {
        listening = up->listening;
        if (changed) changed();
        return;
    }
    if (auto const* numbers = std::get_if<SwarmTraffic>(&word)) {
        traffic = *numbers;
        return;
    }
    auto const events_of = [this](SwarmJobId id) {
        auto const found = jobs.find(id);
        return found == jobs.end() ? SwarmEvents() : found->second.events;
    };
    if (auto const* ready = std::get_if<SwarmJobReady>(&word)) {
        if (auto const events = events_of(ready->job); events.ready) events.ready();
    } else if (auto const* piece = std::get_if<SwarmPieceCame>(&word)) {
        auto const found = jobs.find(piece->job);
        bool const known = found != jobs.end() && piece->index < found->second.pieces;
        if (auto const events = events_of(piece->job); known && events.piece)
            events.piece(piece->index);
    } else if (auto const* dropped = std::get_if<SwarmPeerDropped>(&word)) {
        if (auto const events = events_of(dropped->job); events.dropped)
            events.dropped(dropped->ip, dropped->why);
    } else if (auto const* failed = std::get_if<SwarmJobFailed>(&word)) {
        auto const events = events_of(failed->job);
        jobs.erase(failed->job);
        if (events.failed) events.failed({Fault::unavailable, failed->why});
    }
}

void SwarmLink::State::give_up(std::string const& why) {
    if (gone) return;
    gone = true;
    listening.reset();
    traffic.peers = 0;
    unsent.clear();
    boost::system::error_code ignored;
    socket.close(ignored);
    auto const ended = std::exchange(jobs, {});
    for (auto const& [id, job] : ended)
        if (job.events.failed)
            job.events.failed({Fault::unavailable, "the swarm process is gone: " + why});
    if (changed) changed();
}

void SwarmLink::State::say(SwarmOrder const& order, std::vector<std::shared_ptr<UniqueFd>> files) {
    if (gone) return;
    unsent.push_back({encode_swarm_order(order), std::move(files)});
    if (unsent.size() == 1) send_all();
}

void SwarmLink::State::send_all() {
    while (!unsent.empty()) {
        std::vector<int> files;
        for (auto const& file : unsent.front().files)
            files.push_back(file->get());
        auto const sent = send_message(socket.native_handle(), unsent.front().bytes, files);
        if (sent) {
            unsent.pop_front();
            continue;
        }
        bool const full = sent.error().fault == Fault::timed_out;
        if (!full || unsent.size() > unsent_orders_max) {
            // Not from within the caller's call.
            asio::post(socket.get_executor(), [self = shared_from_this(), why = sent.error().what] {
                self->give_up(why);
            });
            return;
        }
        socket.async_wait(asio::posix::stream_descriptor::wait_write,
                          [self = shared_from_this()](boost::system::error_code failed) {
                              if (!failed && !self->gone) self->send_all();
                          });
        return;
    }
}

void SwarmLink::look(std::chrono::milliseconds patience) {
    if (state_->gone) return;
    pollfd waiting{state_->socket.native_handle(), POLLIN, 0};
    auto const state = state_;
    if (::poll(&waiting, 1, static_cast<int>(patience.count())) > 0) state->read_all();
}

Result<SwarmJobId> SwarmLink::start(SwarmJob job, SwarmEvents events) {
    if (!state_->listening) return fail(Fault::unavailable, "the swarm is away");
    if (pieces_in(job.size) > swarm_pieces_max || job.peers.size() > swarm_peers_max)
        return fail(Fault::too_large, "too much for one swarm");
    if (!job.layer || job.have.size() != pieces_in(job.size) || job.share.index >= job.share.of)
        return fail(Fault::usage, "a job that makes no sense");
    SwarmJobId const id = ++state_->last_job;
    state_->jobs[id] = {std::move(events), job.have.size()};
    std::vector<std::shared_ptr<UniqueFd>> files{job.layer};
    if (job.kept) files.push_back(job.kept);
    if (job.fresh) files.push_back(job.fresh);
    bool const kept = job.kept != nullptr;
    bool const fresh = job.fresh != nullptr;
    state_->say(StartSwarmJob{id, std::move(job), kept, fresh}, std::move(files));
    return id;
}

void SwarmLink::dial(SwarmJobId id) {
    if (state_->jobs.contains(id)) state_->say(DialSwarmJob{id});
}

void SwarmLink::stop(SwarmJobId id) {
    if (state_->jobs.erase(id) > 0) state_->say(StopSwarmJob{id});
}

void SwarmLink::set_rates(SwarmRates const& rates) {
    state_->say(rates);
}

}  // namespace satchel::transfer
