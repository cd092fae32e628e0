#include "transfer/traffic.h"

#include <array>
#include <deque>

#include <doctest/doctest.h>

#include "tests/support/control_lab.h"
#include "transfer/delivery.h"

using namespace satchel;
using namespace satchel::transfer;
using namespace satchel::testing;

namespace {

constexpr std::uint64_t blob_bytes = 3'000'000;
constexpr std::uint64_t bytes_per_second = 10'000'000;

std::shared_ptr<Traffic> limited_to(TrafficLimits limits) {
    return std::make_shared<Traffic>(limits);
}

/// Delivers two blobs at once, and tells how much of the slower one the store had when the faster
/// one was through.
std::uint64_t of_the_slower(ControlLab& lab) {
    SampleBlob const blobs[] = {sample_blob(blob_bytes, 1), sample_blob(blob_bytes, 2)};
    std::array<std::optional<Result<Delivered>>, 2> ended;
    std::array<std::uint64_t, 2> sent{};
    for (std::size_t i = 0; i < 2; ++i) {
        DeliveryOrder order = lab.order_of(blobs[i]);
        order.progress = [&sent, i](std::uint64_t done) { sent[i] = done; };
        asio::co_spawn(lab.io, deliver(lab.alice.client, lab.pool, std::move(order)),
                       [&ended, i](std::exception_ptr, Result<Delivered> result) {
                           ended[i] = std::move(result);
                       });
    }
    run_until(lab.io, [&] { return ended[0].has_value() || ended[1].has_value(); });
    std::size_t const slower = ended[0] ? 1 : 0;
    std::uint64_t const arriving = lab.store->received_so_far(blobs[slower].id());
    // It may be whole there, and its receipt still on the way.
    bool const is_there = bool(lab.store->open(blobs[slower].id()));
    std::uint64_t const moved = is_there ? blob_bytes : arriving;
    CHECK(sent[slower] >= moved);
    run_until(lab.io, [&] { return ended[0].has_value() && ended[1].has_value(); });
    for (std::size_t i = 0; i < 2; ++i) {
        REQUIRE(*ended[i]);
        check_whole(*lab.store, blobs[i]);
    }
    return moved;
}

}  // namespace

TEST_CASE("traffic: chunks get smaller where there are many, and where a rate is set") {
    Traffic traffic({.upload = 3'200'000, .download = 0});
    auto const alone = traffic.chunk_bytes(Traffic::Way::down);
    CHECK(alone == control_limits::body_chunk_bytes);
    CHECK(traffic.chunk_bytes(Traffic::Way::up) == 12U * 16 * 1024);
    std::deque<Traffic::Body> bodies;
    for (int i = 0; i < 50; ++i)
        bodies.emplace_back(traffic);
    CHECK(traffic.chunk_bytes(Traffic::Way::down) * bodies.size() <= 1U << 20U);
    CHECK(traffic.chunk_bytes(Traffic::Way::up) == traffic.chunk_bytes(Traffic::Way::down));
    for (int i = 0; i < 5'000; ++i)
        bodies.emplace_back(traffic);
    CHECK(traffic.chunk_bytes(Traffic::Way::down) == 16U * 1024);
    bodies.clear();
    CHECK(traffic.chunk_bytes(Traffic::Way::down) == alone);
}

TEST_CASE("traffic: nobody waits for bytes that nobody wants any more") {
    asio::io_context io;
    Traffic traffic({.upload = 1, .download = 0});
    traffic.count(Traffic::Way::up, 1'000'000);
    bool passed = false;
    auto const wait = [&]() -> asio::awaitable<bool> {
        co_await traffic.pass(Traffic::Way::up, 1, [] { return false; });
        passed = true;
        co_return passed;
    };
    CHECK(await_on(io, wait()));
}

TEST_CASE("traffic: under an upload limit two blobs share, and neither starves") {
    ClientLimits limits;
    limits.traffic = limited_to({.upload = bytes_per_second, .download = 0});
    ControlLab lab({}, limits);
    CHECK(of_the_slower(lab) >= blob_bytes / 2);
}

TEST_CASE("traffic: under a download limit two blobs share, and neither starves") {
    ServerLimits limits;
    limits.traffic = limited_to({.upload = 0, .download = bytes_per_second});
    ControlLab lab(limits);
    CHECK(of_the_slower(lab) >= blob_bytes / 2);
}
