#include "mailgw/gateway_hops.h"

#include <string>

#include "mailgw/next_hop.h"
#include "mailgw/tls_stream.h"

namespace satchel::mailgw {

namespace {

/// What comes in goes out by the only way there is, unless it has its own.
bool has_own_hop(GatewaySettings const& settings, Side side) {
    return side == Side::inbound && !settings.inbound_next_hop.empty();
}

HopLogin login_of(GatewaySettings const& settings) {
    return {settings.next_hop_user, settings.next_hop_password_file, nullptr};
}

/// What can be wrong with logging in before anybody is asked.
Status check_login(GatewaySettings const& settings) {
    std::string const& hop = settings.next_hop;
    bool const over_tls = hop.starts_with("smtps://") || hop.starts_with("smtp+starttls://");
    if (settings.next_hop_user.empty()) {
        if (settings.next_hop_password_file.empty()) return {};
        return fail(Fault::config, "gateway.next_hop_password_file needs gateway.next_hop_user");
    }
    if (over_tls) return {};
    return fail(Fault::config,
                "gateway.next_hop_user: a password goes to smtps:// or smtp+starttls:// alone, and "
                "gateway.next_hop is \"" +
                    hop + '"');
}

Result<std::unique_ptr<NextHop>> make_hop(GatewaySettings const& settings, Side side,
                                          NextHopSettings how, StopSignal const& stop,
                                          LoginBrake& brake) {
    bool const own = has_own_hop(settings, side);
    // The password is for next_hop, and for nobody else.
    if (!own) {
        how.login = login_of(settings);
        how.login.brake = &brake;
    }
    auto hop = make_next_hop(own ? settings.inbound_next_hop : settings.next_hop, how, stop);
    if (hop) return hop;
    return fail(hop.error().fault, std::string(hop_key(settings, side)) + ": " + hop.error().what);
}

}  // namespace

char const* hop_key(GatewaySettings const& settings, Side side) {
    return has_own_hop(settings, side) ? "gateway.inbound_next_hop" : "gateway.next_hop";
}

Result<std::unique_ptr<SidedNextHop>> make_hops(GatewaySettings const& settings,
                                                StopSignal const& stop, LoginBrake& brake,
                                                std::optional<std::chrono::milliseconds> patience) {
    NextHopSettings how;
    how.helo = settings.helo;
    how.ca_file = settings.next_hop_ca_file.string();
    if (patience) how.connect_timeout = how.reply_timeout = *patience;
    auto outbound = make_hop(settings, Side::outbound, how, stop, brake);
    if (!outbound) return fail(outbound.error());
    auto inbound = make_hop(settings, Side::inbound, how, stop, brake);
    if (!inbound) return fail(inbound.error());
    if (auto sane = check_login(settings); !sane) return fail(sane.error());
    return std::make_unique<SidedNextHop>(std::move(*outbound), std::move(*inbound));
}

Status check_hop_files(GatewaySettings const& settings) {
    if (!settings.next_hop_user.empty()) {
        auto const password = load_password(login_of(settings));
        if (!password) return fail(password.error());
    }
    if (settings.next_hop_ca_file.empty()) return {};
    auto const usable = check_ca_file(settings.next_hop_ca_file.string());
    if (usable) return {};
    return fail(Fault::config, "gateway.next_hop_ca_file: " + usable.error().what);
}

}  // namespace satchel::mailgw
