#include "mailgw/gateway.h"

#include <array>
#include <chrono>
#include <mutex>

#include <unistd.h>

#include "mailgw/delivery.h"
#include "mailgw/delivery_queue.h"
#include "mailgw/escrow_watch.h"
#include "mailgw/gateway_hops.h"
#include "mailgw/header_watch.h"
#include "mailgw/sided_next_hop.h"
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
constexpr auto ask_again_after = 5s;

std::string host_name() {
    char name[256] = {};
    if (::gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "localhost";
    return name;
}

DeliverySettings delivery_settings(GatewaySettings const& settings, bool notify_senders) {
    return {{settings.detach_min, settings.never_detach_types},
            {settings.retry_first, settings.retry_max, settings.give_up_after},
            settings.helo,
            settings.may_escrow(),
            notify_senders};
}

constexpr std::array both_sides = {Side::outbound, Side::inbound};

/// What each side's next hop can carry, as any thread heard it last.
class LatestCapabilities {
public:
    void set(Side side, HopCapabilities capabilities) {
        std::lock_guard const guard(mutex_);
        latest_[static_cast<std::size_t>(side)] = capabilities;
    }

    /// Those of a plain server while nobody has heard.
    HopCapabilities get(Side side) {
        std::lock_guard const guard(mutex_);
        return latest_[static_cast<std::size_t>(side)].value_or(HopCapabilities());
    }

    bool known(Side side) {
        std::lock_guard const guard(mutex_);
        return latest_[static_cast<std::size_t>(side)].has_value();
    }

    /// True for one thread in a while.
    bool may_ask(std::chrono::steady_clock::time_point now) {
        std::lock_guard const guard(mutex_);
        if (now < ask_again_) return false;
        ask_again_ = now + ask_again_after;
        return true;
    }

private:
    std::mutex mutex_;
    std::array<std::optional<HopCapabilities>, both_sides.size()> latest_;
    std::chrono::steady_clock::time_point ask_again_;
};

}  // namespace

class Gateway::Works {
public:
    Works(GatewaySettings settings, World world, std::unique_ptr<Spool> spool)
        : settings_(std::move(settings))
        , world_(std::move(world))
        , spool_(std::move(spool))
        , queue_(*spool_, world_.log)
        , escrow_(*spool_, queue_, world_.log) {
        if (settings_.helo.empty()) settings_.helo = host_name();
        if (!world_.make_escrow) settings_.unavailable = WhenUnavailable::full;
    }

    ~Works() { stop(); }

    Status start();
    void stop();

    Result<SpooledMessage> submit(int fd, Envelope envelope, Handling handling);
    Status plan_in_full(std::string const& id);
    SmtpSessionSettings session_settings(Side side);

    class Worker;

private:
    friend class Gateway;

    void ask_hops(SidedNextHop& hops);
    void ask_unknown_hops(SidedNextHop& hops);

    bool uses(Side side) const { return side == Side::outbound || settings_.lmtp_listen; }

    Result<std::unique_ptr<SmtpServer>> listen(Side side, Endpoint const& endpoint);

    GatewaySettings settings_;
    World world_;
    StopSignal stop_;
    LoginBrake brake_;
    std::unique_ptr<Spool> spool_;
    LatestCapabilities capabilities_;
    EarlyDigests early_;
    DeliveryQueue queue_;
    EscrowWatch escrow_;
    std::unique_ptr<SmtpServer> smtp_server_;
    std::unique_ptr<SmtpServer> lmtp_server_;
};

/// One delivery thread's own things.
class Gateway::Works::Worker final : public DeliveryWorker {
public:
    Worker(Works& works, std::unique_ptr<SidedNextHop> hops, bool notify_senders)
        : works_(works)
        , locator_(works.world_.make_locator())
        , depot_(works.world_.make_depot())
        , hops_(std::move(hops))
        , delivery_({*works.spool_, *locator_, *depot_, *hops_, works.world_.clock,
                     works.world_.randomness, works.world_.log, works.stop_, &works.early_},
                    delivery_settings(works.settings_, notify_senders)) {}

    Result<SpooledMessage> deliver(std::string const& id) {
        auto outcome = delivery_.attempt(id);
        for (Side const side : both_sides)
            if (auto const can = hops_->of(side).known()) works_.capabilities_.set(side, *can);
        return outcome;
    }

    Status attempt(std::string const& id) override {
        auto const outcome = deliver(id);
        return outcome ? Status() : Status(fail(outcome.error()));
    }

    void rest() override {
        works_.ask_unknown_hops(*hops_);
        hops_->rest();
    }

private:
    Works& works_;
    std::unique_ptr<RecipientLocator> locator_;
    std::unique_ptr<AttachmentDepot> depot_;
    std::unique_ptr<SidedNextHop> hops_;
    Delivery delivery_;
};

SmtpSessionSettings Gateway::Works::session_settings(Side side) {
    auto const can = capabilities_.get(side);
    auto const protocol = side == Side::inbound ? MailProtocol::lmtp : MailProtocol::smtp;
    return {settings_.helo,
            settings_.message_max,
            can.smtputf8,
            can.dsn,
            loop_token(side, spool_->token()),
            protocol,
            capabilities_.known(side)};
}

void Gateway::Works::ask_hops(SidedNextHop& hops) {
    for (Side const side : both_sides) {
        if (!uses(side)) continue;
        if (auto const can = hops.of(side).ask()) {
            capabilities_.set(side, *can);
        } else {
            world_.log.warning("next_hop_unreachable", {{"setting", hop_key(settings_, side)},
                                                        {"reason", can.error().what}});
        }
    }
}

/// A next hop that was away when this gateway began is not thought plain for good.
void Gateway::Works::ask_unknown_hops(SidedNextHop& hops) {
    std::vector<Side> unknown;
    for (Side const side : both_sides)
        if (uses(side) && !capabilities_.known(side)) unknown.push_back(side);
    if (unknown.empty() || !capabilities_.may_ask(std::chrono::steady_clock::now())) return;
    for (Side const side : unknown) {
        auto const can = hops.of(side).ask();
        if (!can) continue;
        capabilities_.set(side, *can);
        world_.log.info("next_hop_reached", {{"setting", hop_key(settings_, side)}});
    }
}

Result<std::unique_ptr<SmtpServer>> Gateway::Works::listen(Side side, Endpoint const& endpoint) {
    SmtpServerSettings settings;
    settings.listen = endpoint;
    return SmtpServer::start(
        settings, [this, side] { return session_settings(side); }, *spool_, world_.clock,
        world_.log, [this] { queue_.wake(); }, &early_);
}

Status Gateway::Works::start() {
    if (auto usable = check_hop_files(settings_); !usable) return usable;
    auto const hops = make_hops(settings_, stop_, brake_, first_question_timeout);
    if (!hops) return fail(hops.error());
    ask_hops(**hops);
    if (!settings_.inbound_next_hop.empty() && settings_.next_hop.starts_with("maildir:")) {
        world_.log.warning("notices_stay_here",
                           {{"setting", "gateway.next_hop"},
                            {"reason",
                             "notices to senders go into a Maildir of this machine; name a mail "
                             "server that takes them on, such as smtp://127.0.0.1:25"}});
    }
    auto smtp = listen(Side::outbound, settings_.smtp_listen);
    if (!smtp) return fail(smtp.error());
    smtp_server_ = std::move(*smtp);
    if (settings_.lmtp_listen) {
        auto lmtp = listen(Side::inbound, *settings_.lmtp_listen);
        if (!lmtp) return fail(lmtp.error());
        lmtp_server_ = std::move(*lmtp);
    }
    queue_.start(delivery_threads, [this] {
        // The URLs were tried above.
        return std::make_unique<Worker>(*this, *make_hops(settings_, stop_, brake_), true);
    });
    if (world_.make_escrow) escrow_.start(world_.make_escrow);
    return {};
}

void Gateway::Works::stop() {
    stop_.raise();
    for (auto const* server : {&smtp_server_, &lmtp_server_})
        if (*server) (*server)->stop();
    early_.abandon_all();
    queue_.stop();
    escrow_.stop();
    smtp_server_.reset();
    lmtp_server_.reset();
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
    if (auto usable = check_hop_files(settings_); !usable) return fail(usable.error());
    auto hops = make_hops(settings_, stop_, brake_);
    if (!hops) return fail(hops.error());
    if (envelope.recipients.empty()) return fail(Fault::usage, "no recipients");
    TraceFacts const facts{settings_.helo, "", loop_token(envelope.side, spool_->token()),
                           world_.clock.unix_seconds()};
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
            world_.log.warning("plan_unrecorded", {{"id", id}, {"reason", planned.error().what}});
    }
    Worker worker(*this, std::move(*hops), false);
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
    LoginBrake brake;
    if (auto const hops = make_hops(settings, unused, brake); !hops) return fail(hops.error());
    auto spool = Spool::open(settings.spool_dir, world.clock, world.randomness);
    if (!spool) return fail(spool.error());
    return std::unique_ptr<Gateway>(
        new Gateway(std::make_unique<Works>(settings, std::move(world), std::move(*spool))));
}

Status Gateway::start() {
    return works_->start();
}

std::uint16_t Gateway::smtp_port() const {
    return works_->smtp_server_ ? works_->smtp_server_->port() : std::uint16_t{0};
}

std::optional<std::uint16_t> Gateway::lmtp_port() const {
    if (!works_->lmtp_server_) return std::nullopt;
    return works_->lmtp_server_->port();
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
    auto const settings = delivery_settings(works_->settings_, false);
    PlanningOrder order{envelope.sender, {}, settings.may_escrow};
    for (EnvelopeRecipient const& recipient : envelope.recipients)
        order.recipients.push_back(recipient.address);
    auto const locator = works_->world_.make_locator();
    DetachPolicy policy = settings.detach;
    policy.side = envelope.side;
    return plan_message(fd, policy, order, *locator);
}

Result<std::vector<SpooledMessage>> Gateway::queue() {
    return works_->spool_->list();
}

Result<std::size_t> Gateway::retry(std::string const& id) {
    auto const message = works_->spool_->load(id);
    if (!message) return fail(message.error());
    auto count = works_->spool_->retry(id);
    if (!count) return count;
    works_->brake_.lift();
    works_->queue_.wake();
    std::vector<std::string> tickets;
    for (SpooledRecipient const& recipient : message->recipients) {
        if (recipient.state == RecipientState::escrowed) ++*count;
        for (StoredPart const& part : recipient.parts)
            if (part.in_escrow()) tickets.push_back(part.ticket);
    }
    if (tickets.empty() || !works_->world_.make_escrow) return count;
    if (auto done = works_->world_.make_escrow()->hurry(tickets); !done)
        works_->world_.log.warning("escrow_unknown", {{"reason", done.error().what}});
    works_->escrow_.wake();
    return count;
}

Result<std::size_t> Gateway::repair(std::string const& id) {
    auto count = works_->spool_->give_up_escrow(id);
    if (count) works_->queue_.wake();
    return count;
}

}  // namespace satchel::mailgw
