#include "mailgw/sided_next_hop.h"

namespace satchel::mailgw {

namespace {

HopCapabilities common(HopCapabilities const& a, HopCapabilities const& b) {
    return {a.smtputf8 && b.smtputf8, a.dsn && b.dsn};
}

}  // namespace

Result<HopCapabilities> SidedNextHop::ask() {
    auto out = outbound_->ask();
    if (!out) return out;
    auto in = inbound_->ask();
    if (!in) return in;
    return common(*out, *in);
}

std::optional<HopCapabilities> SidedNextHop::known() const {
    auto const out = outbound_->known();
    auto const in = inbound_->known();
    if (!out || !in) return std::nullopt;
    return common(*out, *in);
}

void SidedNextHop::rest() {
    outbound_->rest();
    inbound_->rest();
}

}  // namespace satchel::mailgw
