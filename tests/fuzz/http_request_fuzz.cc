// Any bytes as the head of a request to the page, and what is decided from it before a session is
// looked at.
#include <cstdint>

#include "src/base/bytes.h"
#include "src/web/page_api.h"
#include "src/web/visit_rules.h"
#include "tests/fuzz/require.h"

using namespace satchel;
using testing::require;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text = text_of({data, size});
    std::size_t const length = transfer::head_length(text, 0);
    auto const request = web::parse_http_request(length == 0 ? text : text.substr(0, length));
    if (!request) return 0;
    require(request->path.starts_with('/') && request->path.find('\0') == std::string::npos);
    static_cast<void>(request->cookie_named("satchel-7480"));
    static_cast<void>(request->query_number("from", 0));
    web::PagePlace const place{"127.0.0.1", 7480, "mail.b.test"};
    if (auto const admitted = web::admit_visit(*request, place)) {
        auto const origin = web::origin_of(*request, place);
        require(origin && (request->origin.empty() || request->origin == *origin));
    }
    if (auto const verb = web::verb_of(*request, node::Json::object()))
        require(verb->verb != "rm" || request->method == transfer::Method::post);
    auto const decoded = web::percent_decoded(text, false);
    if (decoded) require(decoded->size() <= text.size());
    return 0;
}
