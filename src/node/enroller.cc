#include "src/node/enroller.h"

#include "transfer/control_limits.h"

namespace satchel::node {

namespace {

using namespace std::chrono_literals;

constexpr auto look_period = 1h;

bool is_due(Binding const& binding, std::uint64_t now_seconds) {
    auto const lifetime = binding.expires - std::min(binding.issued, binding.expires);
    return now_seconds + lifetime / 3 > binding.expires;
}

}  // namespace

asio::awaitable<Result<std::optional<BindingGrant>>> Enroller::ask(Address address,
                                                                   std::string code) {
    auto const place = co_await world_.finder.find(address.domain());
    if (!place) {
        co_return fail(Fault::config,
                       "no gateway of " + address.domain() +
                           " is known: its DNS record names none (`satchel domain dns` is for its "
                           "admin), nor does node.incoming_gateway in satchel.toml");
    }
    auto const gateway = co_await world_.finder.reach(*place);
    if (!gateway) co_return fail(gateway.error());
    auto read = [this] {
        return old_user_keys(world_.home, transfer::control_limits::predecessors);
    };
    auto const old_keys = co_await world_.workers.await(std::move(read));
    transfer::EnrollRequest request{.address = address,
                                    .age_recipient = world_.identity.recipient(),
                                    .code = std::move(code),
                                    .predecessors = {}};
    for (SigningKey const& key : old_keys)
        request.predecessors.push_back(transfer::name_successor(
            key, address, world_.identity.user_public(), request.age_recipient));
    auto answer = co_await world_.client.enroll(*gateway, std::move(request));
    if (!answer) co_return fail(answer.error());
    co_return std::move(answer->grant);
}

asio::awaitable<Result<std::optional<BindingGrant>>> Enroller::enroll(Address address,
                                                                      std::string code) {
    auto grant = co_await ask(address, std::move(code));
    if (!grant || !*grant) co_return grant;
    PublishOrder order{.address = address, .grant = *grant};
    auto const published = co_await world_.publisher.publish(std::move(order));
    if (!published) co_return fail(published.error());
    co_return grant;
}

void Enroller::start() {
    asio::co_spawn(
        world_.owner, [this] { return renew_regularly(); }, asio::detached);
}

void Enroller::stop() {
    stopped_ = true;
    wake_.notify();
}

asio::awaitable<void> Enroller::renew_regularly() {
    while (!stopped_) {
        std::vector<Address> due;
        for (Publication const& publication : world_.publisher.published()) {
            bool const old = publication.grant &&
                             is_due(publication.grant->binding, world_.clock.unix_seconds());
            if (old) due.push_back(publication.address);
        }
        for (Address const& address : due) {
            auto const renewed = co_await enroll(address, "");
            if (stopped_) co_return;
            bool const done = renewed && *renewed;
            world_.log.info(
                done ? "binding_renewed" : "binding_not_renewed",
                {{"address", address.text()}, {"reason", renewed ? "" : renewed.error().what}});
        }
        co_await wake_.wait_for(look_period);
    }
}

}  // namespace satchel::node
