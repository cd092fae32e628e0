#include "src/web/visit_rules.h"

#include <doctest/doctest.h>

namespace satchel::web {

namespace {

HttpRequest visit(std::string const& path, std::string const& host) {
    HttpRequest request;
    request.method = transfer::Method::get;
    request.path = path;
    request.host = host;
    return request;
}

}  // namespace

TEST_CASE("visit_rules: the page answers to its address, localhost and its public name alone") {
    struct Row {
        PagePlace place;
        char const* host;
        char const* origin;  ///< "" for refused
    };

    PagePlace const local{"127.0.0.1", 7480, ""};
    PagePlace const proxied{"127.0.0.1", 7480, "mail.b.test"};
    PagePlace const six{"::1", 7480, ""};
    PagePlace const lan{"192.0.2.7", 80, ""};
    for (Row const& row :
         {Row{local, "127.0.0.1:7480", "http://127.0.0.1:7480"},
          Row{local, "LocalHost:7480", "http://localhost:7480"}, Row{local, "127.0.0.1", ""},
          Row{local, "evil.test:7480", ""}, Row{local, "localhost.evil.test:7480", ""},
          Row{local, "", ""}, Row{local, "mail.b.test", ""},
          Row{proxied, "Mail.b.test", "https://mail.b.test"}, Row{proxied, "b.test", ""},
          Row{proxied, "mail.b.test:7480", ""}, Row{six, "[::1]:7480", "http://[::1]:7480"},
          Row{six, "::1:7480", ""}, Row{lan, "192.0.2.7", "http://192.0.2.7"},
          Row{lan, "localhost", ""}}) {
        CAPTURE(row.host);
        auto const origin = origin_of(visit("/", row.host), row.place);
        CHECK((origin ? *origin : "") == row.origin);
    }
    CHECK(host_of_page("https://Mail.b.test/satchel") == "mail.b.test");
    CHECK(host_of_page("https://b.test:443") == "b.test");
    CHECK(host_of_page("https://b.test:8443/x") == "b.test:8443");
    CHECK(host_of_page("").empty());
}

TEST_CASE("visit_rules: other sites get the shell by a link, and nothing else") {
    PagePlace const place{"127.0.0.1", 7480, ""};
    auto const admitted = [&](std::string const& path, std::string const& site,
                              std::string const& origin, bool post = false) {
        HttpRequest request = visit(path, "127.0.0.1:7480");
        request.fetch_site = site;
        request.origin = origin;
        if (post) request.method = transfer::Method::post;
        request.content_type = "application/json";
        return admit_visit(request, place).has_value();
    };
    std::string const own = "http://127.0.0.1:7480";
    CHECK(admitted("/", "cross-site", ""));
    CHECK(admitted("/a/x", "cross-site", ""));
    CHECK_FALSE(admitted("/", "cross-site", "http://evil.test"));
    CHECK(admitted("/api/x", "same-origin", ""));
    CHECK_FALSE(admitted("/api/x", "same-site", ""));
    CHECK_FALSE(admitted("/api/x", "none", ""));
    CHECK(admitted("/c/x", "none", ""));
    CHECK_FALSE(admitted("/c/x", "cross-site", ""));
    CHECK(admitted("/api/x", "same-origin", own, true));
    CHECK_FALSE(admitted("/api/x", "same-origin", "", true));
    CHECK_FALSE(admitted("/api/x", "same-origin", "null", true));
    CHECK_FALSE(admitted("/api/x", "same-origin", "https://127.0.0.1:7480", true));
}

}  // namespace satchel::web
