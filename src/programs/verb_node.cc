#include <memory>

#include <boost/asio/signal_set.hpp>
#include <nlohmann/json.hpp>

#include "src/base/asio.h"
#include "src/base/sodium_randomness.h"
#include "src/cli/output.h"
#include "src/node/peer_node.h"
#include "src/programs/programs.h"

namespace satchel::programs {

namespace {

struct Args {
    bool brief = false;
};

Result<cli::ExitStatus> run_node(cli::Globals const& globals, Args const& args) {
    EventLog const log(2, globals.verbose ? EventLog::Level::detail
                          : args.brief    ? EventLog::Level::error  // the verb tells the rest
                                          : EventLog::Level::info);
    SystemClock const clock;
    SystemRandomness randomness;
    asio::io_context io;
    // Before anything is served: who asks us to stop while we start must not kill us half-way.
    asio::signal_set signals(io, SIGTERM, SIGINT);
    node::PeerNodeOptions options{
        .home = Home(globals.home), .settings = globals.settings, .brief = args.brief};
    if (auto made = options.home.ensure(); !made) return fail(made.error());
    auto node = node::PeerNode::start(io, std::move(options), clock, randomness, log);
    if (!node) return fail(node.error());
    signals.async_wait([&](boost::system::error_code failed, int) {
        if (failed) return;
        asio::co_spawn(
            io,
            [&]() -> asio::awaitable<void> {
                co_await (*node)->stop();
                io.stop();
            },
            asio::detached);
    });
    auto const ready = (*node)->ready();
    if (globals.json) {
        cli::print_json(ready);
    } else {
        cli::print_line("ready: node " + ready.value("node_key", "") + ", control " +
                        ready.value("control", "") + ", DHT " + ready.value("dht", ""));
    }
    io.run();
    return cli::ExitStatus::ok;
}

}  // namespace

void add_node(cli::CommandLine& line) {
    auto args = std::make_shared<Args>();
    line.verb("node", "run the peer node: stores for your addresses, and serves this home's verbs")
        .flag("--brief", args->brief,
              "serve this home's verbs alone: ports are picked, nothing is published")
        .example("satchel --set 'node.dht_bootstrap=[\"198.51.100.7:7475\"]' node")
        .run([args](cli::Globals const& globals) { return run_node(globals, *args); });
}

}  // namespace satchel::programs
