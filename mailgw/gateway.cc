#include "mailgw/gateway.h"

#include <mutex>

#include <unistd.h>

#include "mailgw/delivery.h"
#include "mailgw/delivery_queue.h"
#include "mailgw/next_hop.h"
#include "mailgw/smtp_server.h"
#include "mailgw/spool.h"
#include "mailgw/stop_signal.h"
#include "mailgw/submission.h"

namespace satchel::mailgw {

namespace {

using namespace std::chrono_literals;

constexpr unsigned delivery_threads = 4;
// At the start: long enough for a next hop that is there, short enough for one that is not.
constexpr auto first_question_timeout = 5s;

std::string host_name() {
    char name[256] = {};
    if (::gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "localhost";
    return name;
}

DeliverySettings delivery_settings(GatewaySettings const& settings) {
    return {{settings.detach_min, settings.never_detach_types},
            {settings.retry_first, settings.retry_max, settings.give_up_after}};
}

/// What the next hop can carry, as any thread heard it last.
class LatestCapabilities {
public:
    void set(HopCapabilities capabilities) {
        std::lock_guard const guard(mutex_);
        latest_ = capabilities;
    }

    HopCapabilities get() {
        std::lock_guard const guard(mutex_);
        return latest_;
    }

private:
    std::mutex mutex_;
    HopCapabilities latest_;
};

}  // namespace

class Gateway::Works {
public:
    Works(GatewaySettings settings, World world, std::unique_ptr<Spool> spool)
        : settings_(std::move(settings))
        , world_(std::move(world))
        , spool_(std::move(spool))
        , queue_(*spool_, world_.log) {
        if (settings_.helo.empty()) settings_.helo = host_name();
    }

    ~Works() { stop(); }

    Status start();
    void stop();

    Result<std::unique_ptr<NextHop>> make_hop() const {
        NextHopSettings settings;
        settings.helo = settings_.helo;
        return make_next_hop(settings_.next_hop, settings, stop_);
    }

    Result<SpooledMessage> submit(int fd, Envelope envelope, Handling handling);
    Status plan_in_full(std::string const& id);
    SmtpSessionSettings session_settings();

    class Worker;

    /// Tokens are per role: a message may pass this host's other gateways.
    std::string loop_token() const { return "smtp-" + spool_->token(); }

private:
    friend class Gateway;

    GatewaySettings settings_;
    World world_;
    StopSignal stop_;
    std::unique_ptr<Spool> spool_;
    LatestCapabilities capabilities_;
    DeliveryQueue queue_;
    std::unique_ptr<SmtpServer> server_;
};

/// One delivery thread's own things.
class Gateway::Works::Worker final : public DeliveryWorker {
public:
    Worker(Works& works, std::unique_ptr<NextHop> hop)
        : works_(works)
        , locator_(works.world_.make_locator())
        , depot_(works.world_.make_depot())
        , hop_(std::move(hop))
        , delivery_({*works.spool_, *locator_, *depot_, *hop_, works.world_.clock,
                     works.world_.randomness, works.world_.log, works.stop_},
                    delivery_settings(works.settings_)) {}

    Result<SpooledMessage> deliver(std::string const& id) {
        auto outcome = delivery_.attempt(id);
        works_.capabilities_.set(hop_->known());
        return outcome;
    }

    Status attempt(std::string const& id) override {
        auto const outcome = deliver(id);
        return outcome ? Status() : Status(fail(outcome.error()));
    }

    void rest() override { hop_->rest(); }

private:
    Works& works_;
    std::unique_ptr<RecipientLocator> locator_;
    std::unique_ptr<AttachmentDepot> depot_;
    std::unique_ptr<NextHop> hop_;
    Delivery delivery_;
};

SmtpSessionSettings Gateway::Works::session_settings() {
    auto const can = capabilities_.get();
    return {settings_.helo, settings_.message_max, can.smtputf8, can.dsn, loop_token()};
}

Status Gateway::Works::start() {
    NextHopSettings quick;
    quick.helo = settings_.helo;
    quick.connect_timeout = quick.reply_timeout = first_question_timeout;
    auto const hop = make_next_hop(settings_.next_hop, quick, stop_);
    if (!hop) return fail(hop.error());
    if (auto const can = (*hop)->ask()) {
        capabilities_.set(*can);
    } else {
        world_.log.warning("next_hop_unreachable", {{"why", can.error().what}});
    }
    SmtpServerSettings listen;
    listen.listen = settings_.smtp_listen;
    auto server = SmtpServer::start(
        listen, [this] { return session_settings(); }, *spool_, world_.clock, world_.log,
        [this] { queue_.wake(); });
    if (!server) return fail(server.error());
    server_ = std::move(*server);
    queue_.start(delivery_threads, [this] {
        // The URL was tried above.
        return std::make_unique<Worker>(*this, std::move(*make_hop()));
    });
    return {};
}

void Gateway::Works::stop() {
    stop_.raise();
    if (server_) server_->stop();
    queue_.stop();
    server_.reset();
}

Status Gateway::Works::plan_in_full(std::string const& id) {
    auto message = spool_->load(id);
    if (!message) return fail(message.error());
    for (SpooledRecipient& recipient : message->recipients) {
        recipient.plan = Plan::full;
        recipient.reason = "asked for in full";
    }
    return spool_->record(id, message->recipients);
}

Result<SpooledMessage> Gateway::Works::submit(int fd, Envelope envelope, Handling handling) {
    auto hop = make_hop();
    if (!hop) return fail(hop.error());
    if (envelope.recipients.empty()) return fail(Fault::usage, "no recipients");
    TraceFacts const facts{settings_.helo, "", loop_token(), world_.clock.unix_seconds()};
    auto draft = draft_from(fd, settings_.message_max, facts, *spool_, envelope);
    if (!draft) return fail(draft.error());
    auto const id = draft->id();
    queue_.claim(id);
    auto const taken = spool_->commit(std::move(*draft), envelope);
    if (!taken) {
        queue_.release(id);
        return fail(taken.error());
    }
    if (handling == Handling::in_full) {
        // Where the disk refuses, load() still tells it.
        if (auto planned = plan_in_full(id); !planned)
            world_.log.warning("plan_unrecorded", {{"id", id}, {"why", planned.error().what}});
    }
    Worker worker(*this, std::move(*hop));
    auto outcome = worker.deliver(id);
    queue_.release(id);
    // From here on the message is ours, whatever broke.
    return outcome ? std::move(outcome) : spool_->load(id);
}

Gateway::Gateway(std::unique_ptr<Works> works)
    : works_(std::move(works)) {}

Gateway::~Gateway() = default;

Result<std::unique_ptr<Gateway>> Gateway::open(GatewaySettings const& settings, World world) {
    StopSignal const unused;
    if (auto const hop = make_next_hop(settings.next_hop, {}, unused); !hop) {
        return fail(hop.error());
    }
    auto spool = Spool::open(settings.spool_dir, world.clock, world.randomness);
    if (!spool) return fail(spool.error());
    return std::unique_ptr<Gateway>(
        new Gateway(std::make_unique<Works>(settings, std::move(world), std::move(*spool))));
}

Status Gateway::start() {
    return works_->start();
}

std::uint16_t Gateway::smtp_port() const {
    return works_->server_ ? works_->server_->port() : std::uint16_t{0};
}

void Gateway::begin_stop() {
    works_->stop_.raise();
}

void Gateway::stop() {
    works_->stop();
}

Result<SpooledMessage> Gateway::submit(int fd, Envelope envelope, Handling handling) {
    return works_->submit(fd, std::move(envelope), handling);
}

Result<MessagePlan> Gateway::preview(int fd, Envelope const& envelope) {
    std::vector<std::string> recipients;
    for (EnvelopeRecipient const& recipient : envelope.recipients)
        recipients.push_back(recipient.address);
    auto const locator = works_->world_.make_locator();
    DetachPolicy policy = delivery_settings(works_->settings_).detach;
    policy.side = envelope.side;
    return plan_message(fd, policy, envelope.sender, recipients, *locator);
}

Result<std::vector<SpooledMessage>> Gateway::queue() {
    return works_->spool_->list();
}

Result<std::size_t> Gateway::retry(std::string const& id) {
    auto count = works_->spool_->retry(id);
    if (count) works_->queue_.wake();
    return count;
}

}  // namespace satchel::mailgw
