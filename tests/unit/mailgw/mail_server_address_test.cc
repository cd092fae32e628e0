#include "mailgw/mail_server_address.h"

#include <doctest/doctest.h>

#include "mailgw/next_hop.h"

using namespace satchel;
using namespace satchel::mailgw;
using Security = MailServerAddress::Security;

TEST_CASE("mail_server_address: what it reads") {
    struct Row {
        char const* url;
        MailProtocol protocol;
        Security security;
        char const* host;
        int port;
    };

    auto const smtp = MailProtocol::smtp;
    auto const lmtp = MailProtocol::lmtp;
    for (Row const& row : {
             Row{"smtp://mail.test", smtp, Security::none, "mail.test", 25},
             Row{"smtp://mail.test:2525/", smtp, Security::none, "mail.test", 2525},
             Row{"smtp://[::1]:26", smtp, Security::none, "::1", 26},
             Row{"smtp://[::1]", smtp, Security::none, "::1", 25},
             Row{"smtps://mail.test", smtp, Security::tls, "mail.test", 465},
             Row{"smtps://mail.test:1", smtp, Security::tls, "mail.test", 1},
             Row{"smtp+starttls://mail.test", smtp, Security::starttls, "mail.test", 587},
             Row{"smtp+starttls://192.0.2.1:25", smtp, Security::starttls, "192.0.2.1", 25},
             Row{"lmtp://127.0.0.1:24", lmtp, Security::none, "127.0.0.1", 24},
         }) {
        CAPTURE(row.url);
        auto const address = parse_mail_server(row.url);
        REQUIRE(address);
        CHECK(address->protocol == row.protocol);
        CHECK(address->security == row.security);
        CHECK(address->host == row.host);
        CHECK(address->port == row.port);
        CHECK(address->socket_path.empty());
    }
    auto const local = parse_mail_server("lmtp+unix:///run/dovecot/lmtp");
    REQUIRE(local);
    CHECK(local->protocol == MailProtocol::lmtp);
    CHECK(local->socket_path == "/run/dovecot/lmtp");
}

TEST_CASE("mail_server_address: what is none is a configuration error that shows it") {
    StopSignal const stop;
    for (std::string const& url : {std::string(),
                                   std::string("smtp://"),
                                   std::string("smtp://:25"),
                                   std::string("smtp://host:0"),
                                   std::string("smtp://host:70000"),
                                   std::string("smtp://host:x"),
                                   std::string("smtp://host:"),
                                   std::string("smtp://[::1"),
                                   std::string("smtp://[::1]x"),
                                   std::string("smtp://[]:25"),
                                   std::string("smtp://u@host"),
                                   std::string("smtps://u:p@host"),
                                   std::string("smtps://host/path"),
                                   std::string("smtp+starttls://"),
                                   std::string("lmtp://host"),
                                   std::string("lmtps://host:1"),
                                   std::string("lmtp+unix://run/socket"),
                                   "lmtp+unix:///" + std::string(200, 'x'),
                                   std::string("maildir:"),
                                   std::string("http://host"),
                                   std::string("SMTP://host")}) {
        CAPTURE(url);
        auto const hop = make_next_hop(url, {}, stop);
        REQUIRE_FALSE(hop);
        CHECK(hop.error().fault == Fault::config);
        CHECK(hop.error().what.starts_with('"' + url + "\": "));
    }
    CHECK(make_next_hop("maildir:/a/{recipient}", {}, stop));
    CHECK(make_next_hop("smtps://host", {}, stop));
}
