// The embedded next hop: one Maildir per recipient (cr.yp.to/proto/maildir.html). Messages keep
// their CR LF.
#pragma once

#include <filesystem>
#include <string>

#include "mailgw/next_hop.h"

namespace satchel::mailgw {

/// The folder name for a recipient: normal form of the address, `/` and leading dots
/// percent-encoded. The normal form has no upper case, so `%2F` and `%2E` are unique.
std::string maildir_name(std::string const& recipient);

class MaildirNextHop final : public NextHop {
public:
    /// `path` with `{recipient}` in it, or one Maildir for all.
    MaildirNextHop(std::string path, std::string const& helo);

    std::vector<HopResult> deliver(HopMessage const& message) override;

    Result<HopCapabilities> ask() override { return *known(); }

    std::optional<HopCapabilities> known() const override {
        return HopCapabilities{.smtputf8 = true, .dsn = false};
    }

private:
    HopResult deliver_one(HopMessage const& message, std::size_t number) const;

    std::string path_;
    std::string host_;  ///< as file names have it
};

}  // namespace satchel::mailgw
