#include <memory>
#include <optional>

#include <boost/asio/signal_set.hpp>
#include <nlohmann/json.hpp>

#include "src/base/asio.h"
#include "src/base/sodium_randomness.h"
#include "src/cli/output.h"
#include "src/node/page_desk.h"
#include "src/node/peer_node.h"
#include "src/programs/whole/descriptor_limit.h"
#include "src/programs/whole/frugal_memory.h"
#include "src/programs/whole/programs.h"
#include "src/web/web_server.h"

namespace satchel::programs {

namespace {

struct Args {
    bool brief = false;
};

/// The page of a node, or null: a node never fails for its page.
std::unique_ptr<web::WebServer> serve_page(web::WebServer::Surroundings const& around,
                                           std::optional<Endpoint> const& listen) {
    if (!listen) return nullptr;
    auto server = web::WebServer::start(around, *listen);
    // Another home of this machine has the usual port: `satchel open` finds any other as well.
    bool const usual = listen == WebSettings().listen;
    if (!server && server.error().fault == Fault::unavailable && usual)
        server = web::WebServer::start(around, {listen->ip, 0});
    if (!server) {
        around.log.warning("no_page", {{"reason", server.error().what}});
        return nullptr;
    }
    if (!(*server)->listening().is_loopback())
        around.log.warning("page_in_the_open",
                           {{"reason",
                             "others can read along: put a proxy that speaks TLS before "
                             "web.listen, and name it in node.page"}});
    return std::move(*server);
}

Result<cli::ExitStatus> run_node(cli::Globals const& globals, Args const& args) {
    EventLog const log(2, globals.verbose ? EventLog::Level::detail
                          : args.brief    ? EventLog::Level::error  // the verb tells the rest
                                          : EventLog::Level::info);
    raise_descriptor_limit();
    give_back_large_buffers();
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
    std::unique_ptr<web::WebServer> page;
    if (auto* const desk = (*node)->page()) {
        Config const& config = (*node)->config();
        page = serve_page({io, *desk, clock, randomness, log, config.node.page}, config.web.listen);
    }
    if (page) {
        (*node)->tell_page(page->listening().to_string(),
                           [&page](node::LocalCall& call) { return page->open_page(call); });
    }
    signals.async_wait([&](boost::system::error_code failed, int) {
        if (failed) return;
        asio::co_spawn(
            io,
            [&]() -> asio::awaitable<void> {
                if (page) page->stop();
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
                        ready.value("control", "") + ", DHT " + ready.value("dht", "") +
                        (page ? "; `satchel open` shows its page" : ""));
    }
    let_go_of_start();
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
