#include "src/node/other_devices.h"

#include <algorithm>

namespace satchel::node {

namespace {

using namespace std::chrono_literals;

constexpr auto look_first = std::chrono::milliseconds(20s);  // another may name this node soon
constexpr auto look_period = std::chrono::milliseconds(10min);
constexpr auto look_patience = 5s;  // our own record waits for the first look

}  // namespace

void OtherDevices::start() {
    asio::co_spawn(
        world_.owner, [this] { return look_regularly(); }, asio::detached);
}

void OtherDevices::stop() {
    stopped_ = true;
    wake_.notify();
}

asio::awaitable<void> OtherDevices::look_regularly() {
    bool begun = false;
    auto pause = look_first;
    while (!stopped_) {
        for (Address const& address : world_.identity.addresses) {
            co_await look(address);
            if (stopped_) co_return;
        }
        if (!begun) world_.publisher.start();
        begun = true;
        co_await wake_.wait_for(pause);
        pause = std::min(pause * 2, look_period);
    }
}

asio::awaitable<void> OtherDevices::look(Address address) {
    Locator const locator = co_await locators_.locator_of(address);
    // The own slot first: a device that has never published knows of no other.
    std::vector<PublicKey> owners = {world_.identity.user_public()};
    if (auto const binding = world_.publisher.binding_of(address))
        owners.emplace_back(binding->domain_key);
    for (PublicKey const& owner : owners) {
        auto const found = co_await newest_in(address, owner, locator);
        if (stopped_) co_return;
        if (!found || !world_.publisher.follow(address, *found)) continue;
        world_.log.info("published_elsewhere", {{"address", address.text()}});
    }
}

asio::awaitable<std::optional<location::StorageFinding>> OtherDevices::newest_in(
    Address address, PublicKey slot_owner, Locator locator) {
    location::TrustInputs ourselves;
    ourselves.pinned = world_.identity.user_public();
    auto const believed = [this, address, ourselves, locator](RecordEnvelope const& envelope) {
        return location::believe_storage(envelope, locator.seal, address, ourselves,
                                         world_.clock.unix_seconds());
    };
    location::FetchRequest request;
    request.place = {locator.key, RecordKind::storage, slot_id(slot_owner)};
    request.patience = look_patience;
    request.judge = [believed](RecordEnvelope const& envelope) -> Status {
        auto const finding = believed(envelope);
        return finding ? Status{} : Status(fail(finding.error()));
    };
    auto const fetched = co_await world_.location.fetch(std::move(request));
    if (!fetched) co_return std::nullopt;
    auto finding = believed(*fetched);
    if (!finding) co_return std::nullopt;
    co_return std::move(*finding);
}

}  // namespace satchel::node
