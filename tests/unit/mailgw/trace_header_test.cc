#include "mailgw/trace_header.h"

#include <doctest/doctest.h>

using namespace satchel;
using namespace satchel::mailgw;

TEST_CASE("trace_header: who handed the message over") {
    struct Row {
        char const* why;
        char const* ip;
        char const* xforward;
        std::string wanted;
    };

    for (Row const& row :
         {Row{"IPv4", "192.0.2.1", "", "from c.test (unknown [192.0.2.1])"},
          Row{"IPv6 has its tag", "2001:db8::1", "", "from c.test (unknown [IPv6:2001:db8::1])"},
          Row{"behind Postfix", "127.0.0.1", "ADDR=192.0.2.9 HELO=x.test NAME=mx.test",
              "from x.test (mx.test [192.0.2.9])"},
          Row{"behind Postfix, tagged there", "127.0.0.1", "ADDR=IPV6:2001:db8::9 NAME=mx.test",
              "from mx.test (mx.test [IPV6:2001:db8::9])"},
          Row{"nothing that ends the comment", "127.0.0.1", "ADDR=192.0.2.9 NAME=a)b(c;d+5C",
              "from a?b?c?d? (a?b?c?d? [192.0.2.9])"},
          Row{"where a name is known to nobody", "unknown", "",
              "from c.test (unknown [unknown])"}}) {
        CAPTURE(row.why);
        Envelope envelope;
        envelope.xforward = row.xforward;
        envelope.recipients = {{"bob@b.test", "", ""}};
        SmtpPeer peer;
        peer.helo = "c.test";
        peer.ip = row.ip;
        peer.esmtp = true;
        auto const lines = trace_lines({"gw.test", "id1", "token", 1'800'000'000}, peer, envelope);
        CHECK(lines == "Received: " + row.wanted +
                           "\r\n\tby gw.test (Satchel) with ESMTP id id1\r\n\tfor <bob@b.test>;"
                           "\r\n\tFri, 15 Jan 2027 08:00:00 +0000\r\nX-Satchel-Loop: token\r\n");
    }
}
