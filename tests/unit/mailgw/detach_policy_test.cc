#include "mailgw/detach_policy.h"

#include <doctest/doctest.h>

using namespace satchel::mailgw;

namespace {

PartFacts film() {
    PartFacts part;
    part.type = "video/quicktime";
    part.name = "wedding.mov";
    part.attachment = true;
    part.enclosing = {"multipart/mixed"};
    part.content_bytes = 3'000'000;
    return part;
}

template <class Change>
PartFacts with(Change change) {
    PartFacts part = film();
    change(part);
    return part;
}

PartFacts of_type(char const* type) {
    return with([&](PartFacts& part) { part.type = type; });
}

PartFacts named(char const* name) {
    return with([&](PartFacts& part) {
        part.type = "application/octet-stream";
        part.name = name;
    });
}

PartFacts inside(std::vector<std::string> enclosing) {
    return with([&](PartFacts& part) { part.enclosing = std::move(enclosing); });
}

PartFacts image(bool attachment, bool used, std::vector<std::string> enclosing) {
    return with([&](PartFacts& part) {
        part.type = "image/png";
        part.name = "";
        part.attachment = attachment;
        part.content_id_used = used;
        part.enclosing = std::move(enclosing);
    });
}

}  // namespace

TEST_CASE("detach_policy: what may go") {
    struct Row {
        std::string why;
        PartFacts part;
    };

    DetachPolicy const policy;
    for (Row const& row : {
             Row{"a film", film()},
             Row{"exactly the limit",
                 with([](PartFacts& part) { part.content_bytes = 64 * 1024; })},
             Row{"nested multiparts", inside({"multipart/mixed", "multipart/related"})},
             Row{"an image that nothing shows", image(false, false, {"multipart/mixed"})},
             Row{"an attached image in related", image(true, false, {"multipart/related"})},
             Row{"not quite .ics", named("graphics")},
             Row{"a type that only starts like TNEF's", of_type("application/ms-tnefx")},
         }) {
        CAPTURE(row.why);
        CHECK(is_attachment(row.part));
        CHECK(reason_to_keep(row.part, policy) == "");
    }
}

TEST_CASE("detach_policy: the never-list, one row per rule") {
    struct Row {
        std::string why;
        PartFacts part;
        char const* reason;
    };

    DetachPolicy const policy{64 * 1024, {"application/x-msdownload", "audio/*"}};
    for (Row const& row : {
             Row{"whole message", inside({}), "the message is itself one attachment"},
             Row{"in signed", inside({"multipart/signed"}), "inside multipart/signed"},
             Row{"deep in signed",
                 inside({"multipart/mixed", "multipart/signed", "multipart/mixed"}),
                 "inside multipart/signed"},
             Row{"in encrypted", inside({"multipart/encrypted"}), "inside multipart/encrypted"},
             Row{"in a report", inside({"multipart/report"}), "part of a report"},
             Row{"in a forwarded message",
                 inside({"multipart/mixed", "message/rfc822", "multipart/mixed"}),
                 "inside a forwarded message"},
             Row{"an alternative", inside({"multipart/mixed", "multipart/alternative"}),
                 "a form of the message's text"},
             Row{"not closed", with([](PartFacts& part) { part.closed = false; }),
                 "a multipart has no closing boundary"},
             Row{"placeholder", with([](PartFacts& part) { part.placeholder = true; }),
                 "a placeholder already"},
             Row{"S/MIME", of_type("application/pkcs7-mime"), "PGP or S/MIME"},
             Row{"S/MIME signature", of_type("application/pkcs7-signature"), "PGP or S/MIME"},
             Row{"old S/MIME", of_type("application/x-pkcs7-mime"), "PGP or S/MIME"},
             Row{"PGP/MIME", of_type("application/pgp-encrypted"), "PGP or S/MIME"},
             Row{"PGP signature", of_type("application/pgp-signature"), "PGP or S/MIME"},
             Row{"PGP keys", of_type("application/pgp-keys"), "PGP or S/MIME"},
             Row{"old PGP", of_type("application/pgp"), "PGP or S/MIME"},
             Row{"S/MIME by name", named("smime.P7M"), "PGP or S/MIME"},
             Row{"S/MIME signature by name", named("smime.p7s"), "PGP or S/MIME"},
             Row{"inline PGP", with([](PartFacts& part) { part.pgp_armor = true; }),
                 "PGP or S/MIME"},
             Row{"calendar", of_type("text/calendar"), "a calendar entry"},
             Row{"old calendar", of_type("text/x-vcalendar"), "a calendar entry"},
             Row{"calendar as application", of_type("application/ics"), "a calendar entry"},
             Row{"calendar by name", named("invite.ICS"), "a calendar entry"},
             Row{"DSN", of_type("message/delivery-status"), "part of a report"},
             Row{"MDN", of_type("message/disposition-notification"), "part of a report"},
             Row{"abuse report", of_type("message/feedback-report"), "part of a report"},
             Row{"returned headers", of_type("text/rfc822-headers"), "part of a report"},
             Row{"partial", of_type("message/partial"), "a fragment of a message"},
             Row{"external body", of_type("message/external-body"),
                 "a reference to a body elsewhere"},
             Row{"forwarded", of_type("message/rfc822"), "a forwarded message"},
             Row{"any message", of_type("message/global"), "a forwarded message"},
             Row{"TNEF", of_type("application/ms-tnef"), "TNEF: the message's text may be inside"},
             Row{"new TNEF", of_type("application/vnd.ms-tnef"),
                 "TNEF: the message's text may be inside"},
             Row{"TNEF by name", named("WINMAIL.DAT"), "TNEF: the message's text may be inside"},
             Row{"shown by the HTML", image(true, true, {"multipart/mixed"}), "the HTML shows it"},
             Row{"image in related", image(false, false, {"multipart/related"}),
                 "the HTML shows it"},
             Row{"image deep in related",
                 image(false, false, {"multipart/related", "multipart/mixed"}),
                 "the HTML shows it"},
             Row{"type refused here", of_type("application/x-msdownload"),
                 "its type is never detached here"},
             Row{"kind of type refused here", of_type("audio/mpeg"),
                 "its type is never detached here"},
             Row{"empty", with([](PartFacts& part) { part.content_bytes = 0; }), "it is empty"},
             Row{"small", with([](PartFacts& part) { part.content_bytes = 64 * 1024 - 1; }),
                 "smaller than detach_min"},
         }) {
        CAPTURE(row.why);
        CHECK(reason_to_keep(row.part, policy) == row.reason);
    }
    CHECK(reason_to_keep(with([](PartFacts& part) { part.content_bytes = 0; }), {0, {}}) ==
          "it is empty");
}

TEST_CASE("detach_policy: the message's text is no attachment") {
    struct Row {
        std::string why;
        bool attachment;
        bool first;
        std::string type;
        std::string name;
        bool expected;
    };

    for (Row const& row : {
             Row{"first text", false, true, "text/plain", "", false},
             Row{"first text, named", false, true, "text/plain", "body.txt", false},
             Row{"first text, attached", true, true, "text/plain", "", true},
             Row{"more text", false, false, "text/html", "", false},
             Row{"more text, named", false, false, "text/plain", "notes.txt", true},
             Row{"a calendar form", false, false, "text/calendar", "", true},
             Row{"an image without a word", false, false, "image/png", "", true},
             Row{"an image first", false, true, "image/png", "", true},
         }) {
        CAPTURE(row.why);
        PartFacts part;
        part.attachment = row.attachment;
        part.first = row.first;
        part.type = row.type;
        part.name = row.name;
        CHECK(is_attachment(part) == row.expected);
    }
}

TEST_CASE("detach_policy: messages that were not written here stay whole") {
    struct Row {
        std::string field;
        char const* reason;
    };

    for (Row const& row : {
             Row{"dkim-signature", "the message is signed (DKIM) already"},
             Row{"arc-seal", "the message is sealed (ARC) already"},
             Row{"arc-message-signature", "the message is sealed (ARC) already"},
             Row{"arc-authentication-results", "the message is sealed (ARC) already"},
             Row{"list-id", "the message comes from a mailing list"},
             Row{"resent-from", "the message is resent, not written here"},
             Row{"resent-date", "the message is resent, not written here"},
         }) {
        CAPTURE(row.field);
        CHECK(reason_to_leave({{"from", row.field, "to"}, false}, Side::outbound) == row.reason);
        CHECK(reason_to_leave({{"from", row.field, "to"}, false}, Side::inbound) == "");
    }
    CHECK(reason_to_leave({{"from", "to"}, true, 1}, Side::outbound) ==
          "the message has placeholders already");
    CHECK(reason_to_leave({{"from", "list-unsubscribe", "x-dkim-signature"}, false},
                          Side::outbound) == "");
    CHECK(reason_to_leave({{"from", "to"}, true, 15}, Side::inbound) == "");
    CHECK(reason_to_leave({{"from", "to"}, true, 16}, Side::inbound) ==
          "too many gateways detached parts already");
}
