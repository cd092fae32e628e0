#include <algorithm>
#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include <boost/asio/signal_set.hpp>

#include "src/base/asio.h"
#include "src/base/worker_pool.h"
#include "src/cli/output.h"
#include "src/core/home.h"
#include "src/node/child_node.h"
#include "src/node/json_values.h"
#include "src/node/local_api_server.h"
#include "src/node/local_metrics.h"
#include "src/programs/whole/descriptor_limit.h"
#include "src/programs/whole/mail_world.h"
#include "src/programs/whole/programs.h"
#include "src/programs/whole/queue_json.h"

namespace satchel::programs {

namespace {

using node::Json;

constexpr auto child_check_period = std::chrono::seconds(1);
// The node of a gateway that was killed needs its time to say goodbye.
constexpr auto old_node_patience = std::chrono::seconds(6);
constexpr auto old_node_pause = std::chrono::milliseconds(100);

/// The node that the gateway talks to: the home's running one, or a child. Where it has ended, a
/// child takes its place.
class NodeOfHome {
public:
    explicit NodeOfHome(cli::Globals const& globals)
        : globals_(globals) {}

    /// As try_start(), while a node that is about to end still holds the home.
    Status start() {
        auto const deadline = std::chrono::steady_clock::now() + old_node_patience;
        for (;;) {
            auto started = try_start();
            bool const busy = !started && started.error().fault == Fault::unavailable;
            if (!busy || std::chrono::steady_clock::now() > deadline) return started;
            std::this_thread::sleep_for(old_node_pause);
        }
    }

    Status try_start() {
        auto client = node::LocalApiClient::connect(Home(globals_.home).node_socket());
        if (client) return note_running(*client);
        auto child =
            node::ChildNode::start(globals_.home, globals_.settings, node::ChildNode::Scope::full);
        if (!child) return fail(child.error());
        ready_ = child->ready();
        child_.emplace(std::move(*child));
        return {};
    }

    void start_again_if_dead(EventLog const& log) {
        // A running node may end as well: it may be that of a gateway that was killed.
        bool const alive =
            child_ ? child_->runs()
                   : node::LocalApiClient::connect(Home(globals_.home).node_socket()).has_value();
        if (alive) return;
        log.error("node_died", {});
        child_.reset();
        if (auto started = try_start(); !started)
            log.error("node_not_started", {{"reason", started.error().what}});
    }

    void stop() { child_.reset(); }

    /// Keys node_key, control, dht, web.
    Json const& ready() const { return ready_; }

private:
    Status note_running(node::LocalApiClient& client) {
        auto status = client.call({.verb = "status", .args = Json::object(), .settings = {}});
        if (!status) return fail(status.error());
        ready_ = status->value("endpoints", Json::object());
        ready_["node_key"] = status->value("node_key", Json());
        return {};
    }

    cli::Globals const& globals_;
    std::optional<node::ChildNode> child_;
    Json ready_;
};

/// What this home's programs may ask of a running gateway.
class GatewayVerbs {
public:
    GatewayVerbs(mailgw::Gateway& gateway, std::string next_hop, WorkerPool& workers,
                 EventLog const& log)
        : gateway_(gateway)
        , next_hop_(std::move(next_hop))
        , workers_(workers)
        , log_(log) {}

    asio::awaitable<Result<Json>> answer(node::LocalCall& call) {
        std::string const verb = call.request.verb;
        if (verb == "queue") {
            auto work = [this] { return queue(); };
            co_return co_await workers_.await(std::move(work));
        }
        if (verb == "census") {
            auto work = [this] { return census(); };
            co_return co_await workers_.await(std::move(work));
        }
        if (verb == "retry") {
            auto work = [this, args = call.request.args] { return retry(args); };
            co_return co_await workers_.await(std::move(work));
        }
        if (verb == "repair") {
            auto work = [this, args = call.request.args] { return repair(args); };
            co_return co_await workers_.await(std::move(work));
        }
        if (verb == "submit" && call.files.size() == 1) {
            auto file = std::make_shared<UniqueFd>(std::move(call.files.front()));
            auto work = [this, args = call.request.args, file] {
                return submit(args, file->get());
            };
            co_return co_await workers_.await(std::move(work));
        }
        co_return fail(Fault::usage, "this gateway does not know the verb " + verb);
    }

private:
    Result<Json> queue() {
        auto const messages = gateway_.queue();
        if (!messages) return fail(messages.error());
        return queue_json(*messages);
    }

    Result<Json> census() {
        auto const messages = gateway_.queue();
        if (!messages) return fail(messages.error());
        auto metrics = queue_metrics(*messages);
        metrics.events = log_.counts();
        return json_of(metrics);
    }

    Result<Json> retry(Json const& args) {
        auto const id = node::text_at(args, "id");
        if (!id) return fail(id.error());
        auto const count = gateway_.retry(*id);
        if (!count) return fail(count.error());
        return Json{{"id", *id}, {"recipients", *count}};
    }

    Result<Json> repair(Json const& args) {
        auto const id = node::text_at(args, "id");
        if (!id) return fail(id.error());
        auto const count = gateway_.repair(*id);
        if (!count) return fail(count.error());
        return Json{{"id", *id}, {"recipients", *count}};
    }

    Result<Json> submit(Json const& args, int fd) {
        auto const sender = node::text_at(args, "sender");
        auto const recipients = node::texts_at(args, "recipients");
        if (!sender || !recipients) return fail(Fault::usage, "submit: sender and recipients");
        mailgw::Envelope envelope;
        envelope.sender = *sender;
        for (std::string const& address : *recipients) {
            envelope.recipients.push_back({.address = address, .notify = {}, .orcpt = {}});
        }
        bool const in_full = node::flag_at(args, "in_full").value_or(false);
        auto const message = gateway_.submit(
            fd, std::move(envelope),
            in_full ? mailgw::Gateway::Handling::in_full : mailgw::Gateway::Handling::as_planned);
        if (!message) return fail(message.error());
        Json outcome = outcome_json(*message);
        outcome["next_hop"] = next_hop_;
        return outcome;
    }

    mailgw::Gateway& gateway_;
    std::string next_hop_;
    WorkerPool& workers_;
    EventLog const& log_;
};

/// Where mail is taken; `lmtp` is null where none comes in.
struct Listeners {
    std::string smtp;
    Json lmtp;
};

Listeners listeners_of(GatewaySettings const& settings, mailgw::Gateway const& gateway) {
    Listeners told{Endpoint{settings.smtp_listen.ip, gateway.smtp_port()}.to_string(), Json()};
    if (auto const port = gateway.lmtp_port()) {
        told.lmtp = Endpoint{settings.lmtp_listen->ip, *port}.to_string();
    }
    return told;
}

void print_ready(cli::Globals const& globals, Json const& node, Listeners const& listeners) {
    Json const ready{{"event", "ready"},
                     {"smtp", listeners.smtp},
                     {"lmtp", listeners.lmtp},
                     {"control", node.value("control", Json())},
                     {"dht", node.value("dht", Json())},
                     {"node_key", node.value("node_key", Json())},
                     {"web", node.value("web", Json())}};
    if (globals.json) return cli::print_json(ready);
    std::string const lmtp =
        listeners.lmtp.is_string() ? ", LMTP " + listeners.lmtp.get<std::string>() : "";
    cli::print_line("ready: SMTP " + listeners.smtp + lmtp + ", node " +
                    ready.value("node_key", ""));
}

Result<cli::ExitStatus> run_gateway(cli::Globals const& globals) {
    MailWorld world(globals.verbose ? EventLog::Level::detail : EventLog::Level::info);
    auto const config = globals.config();
    if (!config) return fail(config.error());
    raise_descriptor_limit();
    asio::io_context io;
    asio::signal_set signals(io, SIGTERM, SIGINT);
    auto gateway = world.open(globals, {});
    if (!gateway) return fail(gateway.error());
    NodeOfHome node(globals);
    if (auto started = node.start(); !started) return fail(started.error());
    if (auto started = (*gateway)->start(); !started) return fail(started.error());
    WorkerPool workers(io, 2);
    GatewayVerbs verbs(**gateway, config->gateway.next_hop, workers, world.log);
    auto local_api =
        node::LocalApiServer::start(io, Home(globals.home).gateway_socket(),
                                    [&verbs](node::LocalCall& call) { return verbs.answer(call); });
    if (!local_api) return fail(local_api.error());
    asio::steady_timer watch(io);
    std::function<void()> watch_node = [&] {
        watch.expires_after(child_check_period);
        watch.async_wait([&](boost::system::error_code failed) {
            if (failed) return;
            node.start_again_if_dead(world.log);
            watch_node();
        });
    };
    watch_node();
    signals.async_wait([&](boost::system::error_code failed, int) {
        if (!failed) io.stop();
    });
    print_ready(globals, node.ready(), listeners_of(config->gateway, **gateway));
    io.run();
    (*local_api)->stop();
    (*gateway)->begin_stop();
    world.cutter->cut();
    (*gateway)->stop();
    node.stop();
    return cli::ExitStatus::ok;
}

}  // namespace

void add_gateway(cli::CommandLine& line) {
    line.verb(
            "gateway",
            "run the mail gateway: SMTP in, attachments to their recipients' storage, next hop out")
        .example("satchel --set 'gateway.next_hop=smtp://127.0.0.1:10026' gateway")
        .run(run_gateway);
}

}  // namespace satchel::programs
