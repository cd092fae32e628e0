#include "transfer/swarm_worker.h"

#include <deque>
#include <map>

#include "src/base/asio.h"
#include "src/base/message_socket.h"
#include "transfer/libtorrent_swarm.h"
#include "transfer/swarm_message.h"

namespace satchel::transfer {
namespace {

constexpr std::chrono::milliseconds tell_traffic{250};
constexpr std::size_t unsent_words_max = 64 * 1024;  ///< then the node does not listen any more

class Worker {
public:
    explicit Worker(UniqueFd node)
        : node_(io_, node.release())
        , timer_(io_) {}

    Status run(Endpoint const& listen) {
        auto swarm = LibtorrentSwarm::start(io_, listen, [this](Status up) {
            if (!up) return leave(std::move(up));
            say(SwarmIsUp{*swarm_->listening()});
        });
        if (!swarm) return fail(swarm.error());
        swarm_ = std::move(*swarm);
        hear();
        tell_later();
        io_.run();
        swarm_.reset();
        return outcome_;
    }

private:
    void leave(Status why) {
        outcome_ = std::move(why);
        io_.stop();
    }

    void hear() {
        node_.async_wait(asio::posix::stream_descriptor::wait_read,
                         [this](boost::system::error_code failed) {
                             if (failed) return leave(fail(Fault::io, failed.message()));
                             if (read_all()) hear();
                         });
    }

    bool read_all() {
        for (;;) {
            auto received = receive_message(node_.native_handle(), swarm_message_bytes);
            if (!received) {
                bool const gone = received.error().fault == Fault::unavailable;
                leave(gone ? Status() : Status(fail(received.error())));
                return false;
            }
            if (!*received) return true;
            auto order = decode_swarm_order((*received)->bytes);
            if (!order) {
                leave(fail(order.error()));
                return false;
            }
            obey(std::move(*order), std::move((*received)->files));
        }
    }

    void obey(SwarmOrder order, std::vector<UniqueFd> files) {
        if (auto* const begin = std::get_if<StartSwarmJob>(&order)) {
            start(std::move(*begin), std::move(files));
        } else if (auto const* const rates = std::get_if<SwarmRates>(&order)) {
            swarm_->set_rates(*rates);
        } else if (auto const* const dial = std::get_if<DialSwarmJob>(&order)) {
            if (auto const known = jobs_.find(dial->job); known != jobs_.end())
                swarm_->dial(known->second);
        } else if (auto const* const stop = std::get_if<StopSwarmJob>(&order)) {
            auto const known = jobs_.extract(stop->job);
            if (!known.empty()) swarm_->stop(known.mapped());
        }
    }

    void start(StartSwarmJob begin, std::vector<UniqueFd> files) {
        std::size_t next = 0;
        auto const take = [&](bool there) {
            if (!there || next == files.size()) return std::shared_ptr<UniqueFd>();
            return std::make_shared<UniqueFd>(std::move(files[next++]));
        };
        begin.what.layer = take(true);
        begin.what.kept = take(begin.with_kept);
        begin.what.fresh = take(begin.with_fresh);
        SwarmJobId const job = begin.job;
        SwarmEvents events{.ready = [this, job] { say(SwarmJobReady{job}); },
                           .piece =
                               [this, job](std::uint64_t index) {
                                   say(SwarmPieceCame{job, index});
                               },
                           .dropped =
                               [this, job](std::string const& ip, std::string const& why) {
                                   say(SwarmPeerDropped{job, ip, why});
                               },
                           .failed =
                               [this, job](Error error) {
                                   jobs_.erase(job);
                                   say(SwarmJobFailed{job, std::move(error.what)});
                               }};
        auto started = swarm_->start(std::move(begin.what), std::move(events));
        if (started) {
            jobs_[job] = *started;
        } else {
            say(SwarmJobFailed{job, started.error().what});
        }
    }

    void say(SwarmWord const& word) {
        unsent_.push_back(encode_swarm_word(word));
        if (unsent_.size() == 1) send_all();
    }

    void send_all() {
        while (!unsent_.empty()) {
            auto const sent = send_message(node_.native_handle(), unsent_.front());
            if (sent) {
                unsent_.pop_front();
                continue;
            }
            bool const full = sent.error().fault == Fault::timed_out;
            if (!full || unsent_.size() > unsent_words_max) return leave(fail(sent.error()));
            node_.async_wait(asio::posix::stream_descriptor::wait_write,
                             [this](boost::system::error_code failed) {
                                 if (!failed) send_all();
                             });
            return;
        }
    }

    void tell_later() {
        timer_.expires_after(tell_traffic);
        timer_.async_wait([this](boost::system::error_code cancelled) {
            if (cancelled) return;
            if (auto const now = swarm_->traffic(); now != told_) {
                told_ = now;
                say(now);
            }
            tell_later();
        });
    }

    asio::io_context io_{1};
    asio::posix::stream_descriptor node_;
    asio::steady_timer timer_;
    std::unique_ptr<LibtorrentSwarm> swarm_;
    std::map<SwarmJobId, SwarmJobId> jobs_;  ///< the node's name: libtorrent's
    std::deque<Bytes> unsent_;
    SwarmTraffic told_;
    Status outcome_;
};

}  // namespace

Status run_swarm_worker(UniqueFd node, Endpoint const& listen) {
    Worker worker(std::move(node));
    return worker.run(listen);
}

}  // namespace satchel::transfer
