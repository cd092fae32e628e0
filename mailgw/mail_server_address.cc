#include "mailgw/mail_server_address.h"

#include <array>
#include <charconv>
#include <string_view>

#include <sys/un.h>

namespace satchel::mailgw {

namespace {

using Security = MailServerAddress::Security;

constexpr std::size_t socket_path_octets = sizeof(sockaddr_un::sun_path) - 1;

struct Scheme {
    std::string_view prefix;
    MailProtocol protocol;
    Security security;
    std::uint16_t default_port;  ///< 0: the port must be said
};

constexpr std::array schemes = {
    Scheme{"smtp://", MailProtocol::smtp, Security::none, 25},
    Scheme{"smtps://", MailProtocol::smtp, Security::tls, 465},
    Scheme{"smtp+starttls://", MailProtocol::smtp, Security::starttls, 587},
    Scheme{"lmtp://", MailProtocol::lmtp, Security::none, 0},
};

auto bad(std::string const& url, std::string const& why) {
    return fail(Fault::config, '"' + url + "\": " + why);
}

Result<std::uint16_t> parse_port(std::string const& url, std::string_view text) {
    std::uint16_t number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number == 0) {
        return bad(url, "a port is a number from 1 to 65535");
    }
    return number;
}

Result<MailServerAddress> parse_host_and_port(std::string const& url, Scheme const& scheme) {
    std::string_view rest = std::string_view(url).substr(scheme.prefix.size());
    if (rest.ends_with('/')) rest.remove_suffix(1);
    MailServerAddress address{scheme.protocol, scheme.security, "", scheme.default_port, ""};
    if (rest.starts_with('[')) {
        auto const close = rest.find(']');
        if (close == std::string_view::npos) return bad(url, "the bracket is not closed");
        address.host = rest.substr(1, close - 1);
        rest.remove_prefix(close + 1);
    } else {
        address.host = rest.substr(0, rest.find(':'));
        rest.remove_prefix(address.host.size());
    }
    bool const named =
        !address.host.empty() && address.host.find_first_of("/@?# \\") == std::string::npos;
    if (!named) return bad(url, "a host name or an IP address is wanted");
    if (!rest.empty()) {
        if (rest[0] != ':') return bad(url, "after the host only :port may follow");
        auto const port = parse_port(url, rest.substr(1));
        if (!port) return fail(port.error());
        address.port = *port;
    }
    if (address.port == 0) return bad(url, "the port must be said, as in lmtp://127.0.0.1:24");
    return address;
}

}  // namespace

Result<MailServerAddress> parse_mail_server(std::string const& url) {
    constexpr std::string_view local = "lmtp+unix://";
    if (url.starts_with(local)) {
        auto path = url.substr(local.size());
        if (!path.starts_with('/')) return bad(url, "three slashes, then the path of a socket");
        if (path.size() > socket_path_octets) {
            return bad(url, "the path of a socket has at most " +
                                std::to_string(socket_path_octets) + " octets");
        }
        return MailServerAddress{MailProtocol::lmtp, Security::none, "", 0, std::move(path)};
    }
    for (Scheme const& scheme : schemes)
        if (url.starts_with(scheme.prefix)) return parse_host_and_port(url, scheme);
    return bad(url,
               "neither smtp://host:port, smtps://host:port, smtp+starttls://host:port, "
               "lmtp://host:port, lmtp+unix:///path nor maildir:/path/{recipient}");
}

}  // namespace satchel::mailgw
