// The two ways out of a gateway as one next hop: what is outbound goes to one, what is inbound to
// the other.
#pragma once

#include <memory>

#include "mailgw/envelope.h"
#include "mailgw/next_hop.h"

namespace satchel::mailgw {

class SidedNextHop final : public NextHop {
public:
    SidedNextHop(std::unique_ptr<NextHop> outbound, std::unique_ptr<NextHop> inbound)
        : outbound_(std::move(outbound))
        , inbound_(std::move(inbound)) {}

    NextHop& of(Side side) { return side == Side::inbound ? *inbound_ : *outbound_; }

    std::vector<HopResult> deliver(HopMessage const& message) override {
        return of(message.envelope.side).deliver(message);
    }

    /// What both can carry; of(side).ask() tells of one.
    Result<HopCapabilities> ask() override;
    std::optional<HopCapabilities> known() const override;

    void rest() override;

private:
    std::unique_ptr<NextHop> outbound_;
    std::unique_ptr<NextHop> inbound_;
};

}  // namespace satchel::mailgw
