#include "mailgw/next_hop.h"

#include <charconv>

#include "mailgw/maildir.h"
#include "mailgw/smtp_next_hop.h"

namespace satchel::mailgw {

namespace {

auto bad_url(std::string const& url) {
    return fail(Fault::config, "gateway.next_hop: \"" + url +
                                   "\" is neither smtp://host:port nor maildir:/path/{recipient}");
}

Result<std::unique_ptr<NextHop>> smtp_hop(std::string const& url, NextHopSettings const& settings,
                                          StopSignal const& stop) {
    std::string rest = url.substr(std::string_view("smtp://").size());
    if (rest.ends_with('/')) rest.pop_back();
    std::string host;
    std::string port = "25";
    bool const literal = rest.starts_with('[');
    auto const colon = rest.find(':', literal ? rest.find(']') : 0);
    if (literal) {
        auto const close = rest.find(']');
        if (close == std::string::npos) return bad_url(url);
        host = rest.substr(1, close - 1);
        if (rest.size() > close + 1 && rest[close + 1] != ':') return bad_url(url);
    } else {
        host = rest.substr(0, colon);
    }
    if (colon != std::string::npos) port = rest.substr(colon + 1);
    std::uint16_t number = 0;
    auto const [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    bool const good = error == std::errc() && end == port.data() + port.size() && number != 0;
    if (!good || host.empty() || host.find_first_of("/@ ") != std::string::npos) {
        return bad_url(url);
    }
    return std::unique_ptr<NextHop>(std::make_unique<SmtpNextHop>(host, number, settings, stop));
}

}  // namespace

Result<std::unique_ptr<NextHop>> make_next_hop(std::string const& url,
                                               NextHopSettings const& settings,
                                               StopSignal const& stop) {
    if (url.starts_with("smtp://")) return smtp_hop(url, settings, stop);
    constexpr std::string_view maildir = "maildir:";
    if (url.starts_with(maildir) && url.size() > maildir.size()) {
        return std::unique_ptr<NextHop>(
            std::make_unique<MaildirNextHop>(url.substr(maildir.size()), settings.helo));
    }
    return bad_url(url);
}

}  // namespace satchel::mailgw
