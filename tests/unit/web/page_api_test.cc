#include "src/web/page_api.h"

#include <doctest/doctest.h>

namespace satchel::web {

namespace {

using transfer::Method;

Result<node::LocalRequest> verb(Method method, std::string const& target) {
    HttpRequest request;
    request.method = method;
    auto const mark = target.find('?');
    request.path = target.substr(0, mark);
    if (mark != std::string::npos) request.query = {{"from", "300"}, {"way", "up"}};
    return verb_of(request, node::Json::object());
}

}  // namespace

TEST_CASE("page_api: only what is listed is asked of the node, and changes only by POST") {
    auto const list = verb(Method::get, "/api/attachments?x");
    REQUIRE(list);
    CHECK(list->verb == "attachments");
    CHECK(list->args["from"] == 300);
    CHECK(list->args["descending"] == false);
    CHECK(list->args["count"] == 100);
    auto const gone = verb(Method::post, "/api/attachments/abc/delete");
    REQUIRE(gone);
    CHECK(gone->verb == "rm");
    CHECK(gone->args["ref"] == "abc");
    for (char const* const changing :
         {"/api/attachments/abc/delete", "/api/attachments/abc/mail", "/api/attachments/abc/fetch",
          "/api/gateway/retry", "/api/gateway/repair", "/api/doctor"}) {
        CAPTURE(changing);
        CHECK(verb(Method::post, changing));
        CHECK_FALSE(verb(Method::get, changing));
        CHECK_FALSE(verb(Method::head, changing));
    }
    for (char const* const unknown : {"/api/", "/api/publish", "/api/revoke", "/api/deposit",
                                      "/api/attachments/a/b/c", "/api/attachments/abc/rm"}) {
        CAPTURE(unknown);
        CHECK_FALSE(verb(Method::get, unknown));
        CHECK_FALSE(verb(Method::post, unknown));
    }
}

}  // namespace satchel::web
