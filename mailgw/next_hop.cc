#include "mailgw/next_hop.h"

#include <string_view>

#include "mailgw/mail_server_address.h"
#include "mailgw/maildir.h"
#include "mailgw/smtp_next_hop.h"

namespace satchel::mailgw {

Result<std::unique_ptr<NextHop>> make_next_hop(std::string const& url,
                                               NextHopSettings const& settings,
                                               StopSignal const& stop) {
    constexpr std::string_view maildir = "maildir:";
    if (url.starts_with(maildir) && url.size() > maildir.size()) {
        return std::unique_ptr<NextHop>(
            std::make_unique<MaildirNextHop>(url.substr(maildir.size()), settings.helo));
    }
    auto server = parse_mail_server(url);
    if (!server) return fail(server.error());
    return std::unique_ptr<NextHop>(
        std::make_unique<SmtpNextHop>(std::move(*server), settings, stop));
}

}  // namespace satchel::mailgw
