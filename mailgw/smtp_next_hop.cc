#include "mailgw/smtp_next_hop.h"

#include <utility>

#include "mailgw/smtp_transaction.h"

namespace satchel::mailgw {

SmtpNextHop::SmtpNextHop(MailServerAddress server, NextHopSettings settings, StopSignal const& stop)
    : server_(std::move(server))
    , settings_(std::move(settings))
    , stop_(stop) {}

SmtpNextHop::~SmtpNextHop() {
    rest();
}

void SmtpNextHop::rest() {
    if (client_) client_->quit();
    client_.reset();
}

Status SmtpNextHop::connect() {
    auto client = SmtpClient::open(server_, settings_, stop_);
    if (!client) return fail(client.error());
    client_.emplace(std::move(*client));
    used_ = false;
    known_ = HopCapabilities{client_->features().smtputf8, client_->features().dsn};
    return {};
}

Result<HopCapabilities> SmtpNextHop::ask() {
    if (!client_) {
        if (auto connected = connect(); !connected) return fail(connected.error());
    }
    return *known_;
}

std::vector<HopResult> SmtpNextHop::deliver(HopMessage const& message) {
    std::vector<HopResult> results(message.recipients.size());
    auto const size = file_size(message.fd);
    if (!size) return std::vector<HopResult>(results.size(), lost(size.error()));
    SmtpTransaction::Content const content{message, *size + message.envelope.trace.size()};
    SmtpTransaction::Positions left;
    for (std::size_t position = 0; position < results.size(); ++position)
        left.push_back(position);
    while (!left.empty()) {
        // A server may have closed a connection that was idle: no failure of this message. And what
        // an earlier transaction left behind must go.
        if (client_ && used_) {
            auto const alive = client_->say("RSET");
            if (!alive || !alive->positive()) client_.reset();
        }
        if (!client_) {
            if (auto connected = connect(); !connected) {
                for (std::size_t const position : left)
                    results[position] = lost(connected.error());
                break;
            }
        }
        used_ = true;
        SmtpTransaction transaction(*client_, server_.protocol, settings_, content);
        if (!transaction.run(std::move(left), results)) {
            client_.reset();
            break;
        }
        left = transaction.put_off();
    }
    return results;
}

}  // namespace satchel::mailgw
