#include "src/node/swarm_station.h"

#include "src/node/advertised_endpoints.h"
#include "transfer/endpoint_rule.h"
#include "transfer/rate_split.h"

namespace satchel::node {

namespace {

using namespace std::chrono_literals;

constexpr auto up_patience = 10s;
constexpr auto share_interval = 250ms;

}  // namespace

SwarmStation::SwarmStation(World world)
    : world_(std::move(world))
    , process_({world_.owner, *world_.settings.swarm_listen, world_.log})
    , timer_(world_.owner) {
    room_.swarm = &process_;
    room_.folder = world_.settings.storage_dir / "swarm";
    room_.may_dial = [this](Endpoint const& endpoint) {
        auto const rule = dialling_rule(world_.settings, world_.control_listening);
        return transfer::may_dial(endpoint, rule).has_value();
    };
    process_.start();
    share_rates();
}

void SwarmStation::wait_until_up(std::function<void()> changed) {
    process_.wait_until_up(up_patience);
    process_.on_change(std::move(changed));
}

void SwarmStation::stop() {
    timer_.cancel();
    process_.stop();
}

std::string SwarmStation::where() const {
    auto const listening = process_.listening();
    return listening ? listening->to_string() : "";
}

std::vector<Endpoint> const& SwarmStation::endpoints_beside(std::vector<Endpoint> const& control) {
    auto const listening = process_.listening();
    endpoints_ = listening ? swarm_endpoints_of(control, *listening) : std::vector<Endpoint>();
    return endpoints_;
}

/// The node's limits hold for both routes together.
void SwarmStation::share_rates() {
    auto const now = process_.traffic();
    bool const begins = process_.jobs_begun() != begun_;
    transfer::RateSplit const split =
        transfer::split_rates({world_.settings.upload_limit, world_.settings.download_limit},
                              {.swarm_sends = begins || now.sent != seen_.sent,
                               .swarm_receives = begins || now.received != seen_.received,
                               .direct = world_.traffic->bodies() > 0});
    seen_ = now;
    begun_ = process_.jobs_begun();
    process_.set_rates(split.swarm);
    world_.traffic->set_limits(split.direct);
    timer_.expires_after(share_interval);
    timer_.async_wait([this](boost::system::error_code cancelled) {
        if (!cancelled) share_rates();
    });
}

}  // namespace satchel::node
