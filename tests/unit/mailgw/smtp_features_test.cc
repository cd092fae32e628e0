#include "mailgw/smtp_features.h"

#include <doctest/doctest.h>

using namespace satchel::mailgw;

TEST_CASE("smtp_features: reads keywords in any case, and passes over the rest") {
    auto const features = read_ehlo_reply(
        "250-PIPELINING.test\n250-8bitmime\n250-SIZE 1000\n250-STARTTLS\n250-x\n250-AUTH "
        "GSSAPI plain\n250-AUTH=LOGIN\n250 DSN");
    CHECK_FALSE(features.pipelining);
    CHECK(features.eight_bit_mime);
    CHECK(features.size_max == 1000);
    CHECK(features.starttls);
    CHECK(features.auth_plain);
    CHECK(features.auth_login);
    CHECK(features.dsn);
    CHECK_FALSE(features.smtputf8);
}

TEST_CASE("smtp_features: odd lines do no harm") {
    for (char const* text : {"", "250", "250 x\n250-", "250 x\n250-AUTH",
                             "250 x\n250-AUTH=", "250 x\n250-    ", "250 x\n250-AUTH XPLAIN PLAINX",
                             "250 x\n250-SIZE z", "250 x\n250-SIZE 99999999999999999999999"}) {
        CAPTURE(text);
        auto const features = read_ehlo_reply(text);
        CHECK_FALSE(features.auth_plain);
        CHECK_FALSE(features.auth_login);
        CHECK(features.size_max == 0);
    }
}
