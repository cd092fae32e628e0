#include "transfer/libtorrent_swarm.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <set>

#include <libtorrent/add_torrent_params.hpp>
#include <libtorrent/alert_types.hpp>
#include <libtorrent/ip_filter.hpp>
#include <libtorrent/session.hpp>
#include <libtorrent/session_params.hpp>
#include <libtorrent/session_stats.hpp>

#include "transfer/libtorrent_disk.h"
#include "transfer/libtorrent_gate.h"
#include "transfer/libtorrent_rule.h"
#include "transfer/merkle_root.h"
#include "transfer/piece_order.h"

namespace satchel::transfer {
namespace {

constexpr std::chrono::milliseconds look_interval{100};
constexpr int looks_per_statistics = 3;

int rate_setting(std::uint64_t bytes_per_second) {
    std::uint64_t const most = std::numeric_limits<int>::max();
    return static_cast<int>(std::min(bytes_per_second, most));
}

lt::download_priority_t priority_of(PieceWish wish) {
    switch (wish) {
        case PieceWish::not_yet:
            return lt::dont_download;
        case PieceWish::any:
            return lt::low_priority;
        case PieceWish::passed_on:
            return lt::default_priority;
        case PieceWish::own:
            return lt::top_priority;
    }
    return lt::default_priority;
}

struct RunningJob {
    lt::torrent_handle handle;
    SwarmEvents events;
    std::vector<SwarmPeer> peers;
    PieceOrder order;
    std::vector<bool>
        known;  ///< pieces told of, or here from the start: libtorrent tells of those, too
    bool seeds = false;
    bool checked = false;
};

}  // namespace

class LibtorrentSwarm::Session : public std::enable_shared_from_this<Session> {
public:
    Session(asio::io_context& owner, std::function<void(Status)> up)
        : owner_(owner)
        , up_(std::move(up))
        , timer_(owner) {}

    void open(Endpoint const& listen) {
        asked_ = listen;
        lt::session_params params(settings_for(listen));
        params.extensions.clear();  // no metadata, no peer exchange
        params.disk_io_constructor = [book = files_](lt::io_context& context,
                                                     lt::settings_interface const&, lt::counters&) {
            return make_blob_disk(context, book);
        };
        session_ = std::make_unique<lt::session>(std::move(params));
        admit_peers();
        // Neighbours and this machine itself are limited as all others are.
        lt::ip_filter classes;
        auto const all = 1U << static_cast<std::uint32_t>(lt::session::global_peer_class_id);
        classes.add_rule(lt::make_address("0.0.0.0"), lt::make_address("255.255.255.255"), all);
        classes.add_rule(lt::make_address("::"),
                         lt::make_address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), all);
        session_->set_peer_class_filter(classes);
        // Never from within: who starts a swarm does not have it yet.
        std::function<void()> const drain_later = [weak = weak_from_this(), &owner = owner_] {
            asio::post(owner, [weak] {
                if (auto const self = weak.lock()) self->drain();
            });
        };
        session_->set_alert_notify(drain_later);
        drain_later();
        look_later();
    }

    void close() {
        closed_ = true;
        timer_.cancel();
        jobs_.clear();
        session_.reset();
    }

    std::optional<Endpoint> const& listening() const { return listening_; }

    SwarmTraffic const& traffic() const { return traffic_; }

    Result<SwarmJobId> start(SwarmJob job, SwarmEvents events) {
        auto info = torrent_of(job);
        if (!info || job.have.size() != pieces_in(job.size))
            return fail(Fault::corrupt, "layer, size and id of the blob do not fit together");
        SwarmJobId const id = ++last_job_;
        auto const name = "/" + std::to_string(id);  // absolute: libtorrent leaves it alone
        auto const now = std::chrono::steady_clock::now();
        RunningJob running{.handle = {},
                           .events = std::move(events),
                           .peers = std::move(job.peers),
                           .order = PieceOrder(job.have, job.share, now),
                           .known = job.have};
        running.seeds = std::ranges::find(job.have, false) == job.have.end();
        lt::add_torrent_params params;
        params.ti = std::move(info);
        params.save_path = name;
        // Without the filter on each torrent the session lets in everybody.
        params.flags = lt::torrent_flags::paused | lt::torrent_flags::no_verify_files |
                       lt::torrent_flags::apply_ip_filter;
        params.extensions.emplace_back(
            [gate = gate_for(running.peers)](lt::torrent_handle const&, lt::client_data_t) {
                return gate;
            });
        params.have_pieces.resize(static_cast<int>(job.have.size()));
        for (std::size_t i = 0; i < job.have.size(); ++i) {
            if (job.have[i]) params.have_pieces.set_bit(lt::piece_index_t(static_cast<int>(i)));
            params.piece_priorities.push_back(priority_of(running.order.wish(i)));
        }
        BlobFiles const files{job.size, piece_length_for(job.size), std::move(job.have),
                              std::move(job.kept), std::move(job.fresh)};
        files_->enter(name, std::make_shared<BlobFiles const>(files));
        lt::error_code failed;
        running.handle = session_->add_torrent(std::move(params), failed);
        if (failed) {
            files_->take(name);
            return fail(Fault::io, "the swarm: " + failed.message());
        }
        jobs_.emplace(id, std::move(running));
        admit_peers();
        return id;
    }

    void dial(SwarmJobId id) {
        auto const found = jobs_.find(id);
        if (found == jobs_.end() || !found->second.checked) return;
        RunningJob const& job = found->second;
        // Paused and resumed: else the dials wait for libtorrent's next second.
        for (SwarmPeer const& peer : job.peers)
            for (Endpoint const& endpoint : peer.endpoints) {
                lt::error_code failed;
                auto const address = lt::make_address(endpoint.ip, failed);
                if (!failed) job.handle.connect_peer({address, endpoint.port});
            }
        job.handle.resume();
    }

    void stop(SwarmJobId id) {
        auto const found = jobs_.find(id);
        if (found == jobs_.end()) return;
        session_->remove_torrent(found->second.handle);
        jobs_.erase(found);
        admit_peers();
    }

    void set_rates(SwarmRates const& rates) {
        lt::settings_pack pack;
        pack.set_int(lt::settings_pack::upload_rate_limit, rate_setting(rates.upload));
        pack.set_int(lt::settings_pack::download_rate_limit, rate_setting(rates.download));
        session_->apply_settings(std::move(pack));
    }

private:
    /// The peers of jobs under way, and nobody else. Each torrent's gate tells them apart.
    void admit_peers() {
        lt::ip_filter filter;
        std::uint32_t const blocked = lt::ip_filter::blocked;
        filter.add_rule(lt::make_address("0.0.0.0"), lt::make_address("255.255.255.255"), blocked);
        filter.add_rule(lt::make_address("::"),
                        lt::make_address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), blocked);
        for (auto const& [id, job] : jobs_)
            for (SwarmPeer const& peer : job.peers)
                for (Endpoint const& endpoint : peer.endpoints) {
                    lt::error_code failed;
                    auto const address = lt::make_address(endpoint.ip, failed);
                    if (!failed) filter.add_rule(address, address, 0);
                }
        session_->set_ip_filter(filter);
    }

    void drain() {
        if (closed_) return;
        std::vector<lt::alert*> alerts;
        session_->pop_alerts(&alerts);
        for (lt::alert* const alert : alerts)
            handle(*alert);
    }

    void handle(lt::alert const& alert) {
        if (auto const* listens = lt::alert_cast<lt::listen_succeeded_alert>(&alert)) {
            note_listening(*listens);
        } else if (auto const* deaf = lt::alert_cast<lt::listen_failed_alert>(&alert)) {
            if (!listening_ && up_)
                std::exchange(up_, nullptr)(fail(Fault::unavailable, deaf->message()));
        } else if (auto const* numbers = lt::alert_cast<lt::session_stats_alert>(&alert)) {
            note_numbers(*numbers);
        } else if (auto const* of_torrent = dynamic_cast<lt::torrent_alert const*>(&alert)) {
            auto const job = std::ranges::find_if(jobs_, [&](auto const& entry) {
                return entry.second.handle == of_torrent->handle;
            });
            if (job != jobs_.end()) handle(job->first, job->second, *of_torrent);
        }
    }

    void handle(SwarmJobId id, RunningJob& job, lt::torrent_alert const& alert) {
        // Copies: an event may stop the job.
        SwarmEvents const events = job.events;
        if (lt::alert_cast<lt::torrent_checked_alert>(&alert) != nullptr) {
            job.checked = true;
            job.order.note_piece(std::chrono::steady_clock::now());
            dial(id);
            if (events.ready) events.ready();
        } else if (auto const* came = lt::alert_cast<lt::piece_finished_alert>(&alert)) {
            job.order.note_piece(std::chrono::steady_clock::now());
            auto const index = static_cast<std::size_t>(static_cast<int>(came->piece_index));
            bool const news = index < job.known.size() && !job.known[index];
            if (news) job.known[index] = true;
            if (news && events.piece) events.piece(index);
        } else if (auto const* banned = lt::alert_cast<lt::peer_ban_alert>(&alert)) {
            if (events.dropped)
                events.dropped(banned->endpoint.address().to_string(), "it sent wrong bytes");
        } else if (auto const* broken = lt::alert_cast<lt::file_error_alert>(&alert)) {
            end(id,
                broken->error == boost::system::errc::no_space_on_device ? Fault::no_space
                                                                         : Fault::io,
                broken->error.message());
        } else if (auto const* failed = lt::alert_cast<lt::torrent_error_alert>(&alert)) {
            end(id, Fault::io, failed->error.message());
        }
    }

    void end(SwarmJobId id, Fault fault, std::string const& why) {
        auto const found = jobs_.find(id);
        if (found == jobs_.end()) return;
        SwarmEvents const events = found->second.events;
        stop(id);
        if (events.failed) events.failed({fault, "the swarm: " + why});
    }

    void note_listening(lt::listen_succeeded_alert const& listens) {
        if (listens.socket_type != lt::socket_type_t::tcp) return;
        // All addresses are told one by one, the loopback's first.
        std::string ip = asked_.is_unspecified() ? asked_.ip : listens.address.to_string();
        if (!listening_)
            listening_ = Endpoint{std::move(ip), static_cast<std::uint16_t>(listens.port)};
        if (up_) std::exchange(up_, nullptr)(Status());
    }

    void note_numbers(lt::session_stats_alert const& numbers) {
        auto const counters = numbers.counters();
        auto const value = [&](int index) {
            return index < 0 ? 0 : static_cast<std::uint64_t>(counters[index]);
        };
        traffic_ = {value(sent_index_), value(received_index_), value(peers_index_)};
    }

    void look_later() {
        timer_.expires_after(look_interval);
        timer_.async_wait([weak = weak_from_this()](boost::system::error_code cancelled) {
            auto const self = weak.lock();
            if (cancelled || !self || self->closed_) return;
            self->look();
            self->look_later();
        });
    }

    /// What others have got by now may be asked for.
    void look() {
        auto const now = std::chrono::steady_clock::now();
        for (auto& [id, job] : jobs_) {
            if (job.seeds || !job.checked) continue;
            std::vector<int> holders;
            job.handle.piece_availability(holders);
            std::vector<std::pair<lt::piece_index_t, lt::download_priority_t>> changed;
            for (std::size_t const piece : job.order.look(holders, now))
                changed.emplace_back(lt::piece_index_t(static_cast<int>(piece)),
                                     priority_of(job.order.wish(piece)));
            if (!changed.empty()) job.handle.prioritize_pieces(changed);
        }
        bool const something = !jobs_.empty() || traffic_.peers > 0;
        if (something && ++looks_ % looks_per_statistics == 0) session_->post_session_stats();
    }

    asio::io_context& owner_;
    std::function<void(Status)> up_;
    asio::steady_timer timer_;
    std::shared_ptr<BlobFileBook> files_ = std::make_shared<BlobFileBook>();
    std::unique_ptr<lt::session> session_;
    Endpoint asked_;  ///< where to listen
    std::optional<Endpoint> listening_;
    std::map<SwarmJobId, RunningJob> jobs_;
    SwarmJobId last_job_ = 0;
    SwarmTraffic traffic_;
    int looks_ = 0;
    bool closed_ = false;
    int const sent_index_ = lt::find_metric_idx("net.sent_payload_bytes");
    int const received_index_ = lt::find_metric_idx("net.recv_payload_bytes");
    int const peers_index_ = lt::find_metric_idx("peer.num_peers_connected");
};

Result<std::unique_ptr<LibtorrentSwarm>> LibtorrentSwarm::start(asio::io_context& owner,
                                                                Endpoint const& listen,
                                                                std::function<void(Status)> up) {
    try {
        auto session = std::make_shared<Session>(owner, std::move(up));
        session->open(listen);
        return std::unique_ptr<LibtorrentSwarm>(new LibtorrentSwarm(std::move(session)));
    } catch (std::exception const& failed) {
        return fail(Fault::io, std::string("the swarm: ") + failed.what());
    }
}

LibtorrentSwarm::LibtorrentSwarm(std::shared_ptr<Session> session)
    : session_(std::move(session)) {}

LibtorrentSwarm::~LibtorrentSwarm() {
    session_->close();
}

std::optional<Endpoint> LibtorrentSwarm::listening() const {
    return session_->listening();
}

Result<SwarmJobId> LibtorrentSwarm::start(SwarmJob job, SwarmEvents events) {
    try {
        return session_->start(std::move(job), std::move(events));
    } catch (std::exception const& failed) {
        return fail(Fault::io, std::string("the swarm: ") + failed.what());
    }
}

void LibtorrentSwarm::dial(SwarmJobId id) {
    session_->dial(id);
}

void LibtorrentSwarm::stop(SwarmJobId id) {
    session_->stop(id);
}

void LibtorrentSwarm::set_rates(SwarmRates const& rates) {
    session_->set_rates(rates);
}

SwarmTraffic LibtorrentSwarm::traffic() const {
    return session_->traffic();
}

}  // namespace satchel::transfer
