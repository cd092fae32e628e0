#include "dht/record_keeper.h"

#include "dht/record_policy.h"
#include "dht/republish_schedule.h"
#include "dht/wake_up.h"

namespace satchel::location {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto put_patience = 3s;
constexpr auto read_patience = 10s;
constexpr auto read_back_worth = 5min;  // periods shorter than this mend a loss by themselves

}  // namespace

struct RecordKeeper::Kept {
    Kept(asio::io_context& owner, RecordPlace where, std::chrono::seconds period, Renew renewal)
        : place(where)
        , renew(std::move(renewal))
        , schedule(steady_clock::now(), period, period >= read_back_worth)
        , wake(owner.get_executor()) {}

    RecordPlace place;
    Renew renew;
    RepublishSchedule schedule;
    WakeUp wake;
    bool putting = false;
    bool forgotten = false;
};

RecordKeeper::RecordKeeper(asio::io_context& owner, LocationService& service,
                           Randomness& randomness, EventLog const& log)
    : owner_(owner)
    , service_(service)
    , randomness_(randomness)
    , log_(log) {}

RecordKeeper::~RecordKeeper() {
    stop();
}

void RecordKeeper::keep(RecordPlace const& place, std::chrono::seconds period, Renew renew) {
    forget(place);
    auto kept = std::make_shared<Kept>(owner_, place, period, std::move(renew));
    kept_[place] = kept;
    asio::co_spawn(
        owner_, [this, kept] { return keep_alive(kept); }, asio::detached);
}

void RecordKeeper::forget(RecordPlace const& place) {
    auto const it = kept_.find(place);
    if (it == kept_.end()) return;
    it->second->forgotten = true;
    it->second->wake.notify();
    kept_.erase(it);
}

void RecordKeeper::stop() {
    while (!kept_.empty())
        forget(kept_.begin()->first);
}

asio::awaitable<Result<PutReport>> RecordKeeper::put_now(RecordPlace place,
                                                         std::chrono::milliseconds patience) {
    auto const it = kept_.find(place);
    if (it == kept_.end()) co_return fail(Fault::not_found, "no such record is kept");
    auto kept = it->second;
    // OpenDHT tells the earlier of two puts at one place that it has failed.
    WakeUp pause(owner_.get_executor());
    while (kept->putting)
        co_await pause.wait_for(10ms);
    co_return co_await put(std::move(kept), patience);
}

asio::awaitable<Result<PutReport>> RecordKeeper::put(std::shared_ptr<Kept> kept,
                                                     std::chrono::milliseconds patience) {
    kept->putting = true;
    unsigned const neighbours = service_.stats().good_nodes;
    Result<PutReport> report = PutReport{};
    if (auto record = kept->renew()) {
        report = co_await service_.put(std::move(*record), patience);
    } else {
        report = fail(record.error());
    }
    kept->putting = false;
    kept->schedule.note_put(steady_clock::now(), report.has_value(), neighbours, chance());
    if (!report && report.error().fault != Fault::unavailable) {
        log_.warning("record_not_put",
                     {{"key", kept->place.key.to_hex()}, {"reason", report.error().what}});
    }
    co_return report;
}

asio::awaitable<void> RecordKeeper::read_back(std::shared_ptr<Kept> kept) {
    FetchRequest request;
    request.place = kept->place;
    request.source = Source::network;
    request.patience = read_patience;
    auto const found = co_await service_.fetch(std::move(request));
    bool const there = found.has_value() || found.error().fault != Fault::not_found;
    if (!there) log_.info("record_lost", {{"key", kept->place.key.to_hex().substr(0, 10)}});
    kept->schedule.note_read_back(steady_clock::now(), there, chance());
}

double RecordKeeper::chance() {
    auto const dice = randomness_.array<2>();
    return (dice[0] * 256.0 + dice[1]) / 65'536.0;
}

asio::awaitable<void> RecordKeeper::keep_alive(std::shared_ptr<Kept> kept) {
    while (!kept->forgotten) {
        auto const neighbours = service_.stats().good_nodes;
        kept->schedule.note_neighbours(neighbours);
        auto const due = kept->putting ? RepublishSchedule::Due::nothing
                                       : kept->schedule.due(steady_clock::now(), neighbours);
        switch (due) {
            case RepublishSchedule::Due::put:
                static_cast<void>(co_await put(kept, put_patience));
                break;
            case RepublishSchedule::Due::read_back:
                co_await read_back(kept);
                break;
            case RepublishSchedule::Due::nothing:
                co_await kept->wake.wait_until(
                    steady_clock::now() + std::max<steady_clock::duration>(
                                              kept->schedule.pause(steady_clock::now()), 10ms));
                break;
        }
    }
}

}  // namespace satchel::location
