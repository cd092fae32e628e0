#include "transfer/libtorrent_swarm.h"

#include <doctest/doctest.h>

#include "tests/contract/swarm_contract.h"
#include "tests/support/await_on.h"

using namespace satchel;
using transfer::LibtorrentSwarm;

TEST_CASE("libtorrent swarm: keeps the contract") {
    testing::check_swarm_contract([](asio::io_context& io, std::string const& ip) {
        auto swarm = LibtorrentSwarm::start(io, {ip, 0}, [](Status const& up) { CHECK(up); });
        REQUIRE(swarm);
        return std::move(*swarm);
    });
}

TEST_CASE("libtorrent swarm: on all addresses is not on the first of them") {
    asio::io_context io;
    auto const swarm =
        LibtorrentSwarm::start(io, {"0.0.0.0", 0}, [](Status const& up) { CHECK(up); });
    REQUIRE(swarm);
    testing::run_until(io, [&swarm] { return (*swarm)->listening().has_value(); });
    CHECK((*swarm)->listening()->is_unspecified());
    CHECK((*swarm)->listening()->port != 0);
}

TEST_CASE("libtorrent swarm: says where it can't listen") {
    asio::io_context io;
    asio::ip::tcp::acceptor const taken(io, {asio::ip::make_address("127.0.0.1"), 0}, false);
    std::optional<Status> up;
    auto const swarm = LibtorrentSwarm::start(io, {"127.0.0.1", taken.local_endpoint().port()},
                                              [&up](Status told) { up = std::move(told); });
    REQUIRE(swarm);
    testing::run_until(io, [&up] { return up.has_value(); });
    REQUIRE_FALSE(*up);
    CHECK(up->error().fault == Fault::unavailable);
    CHECK_FALSE((*swarm)->listening());
}
