#include "transfer/control_request.h"

#include <doctest/doctest.h>

#include "src/core/limits.h"
#include "transfer/control_limits.h"

using namespace satchel;
using namespace satchel::transfer;

namespace {

std::string const id(64, 'a');
std::string const offer(32, 'b');

RequestHead head(Method method, std::string target,
                 std::optional<std::uint64_t> length = std::nullopt,
                 std::string content_range = "") {
    RequestHead head;
    head.method = method;
    head.target = std::move(target);
    head.content_length = length;
    head.content_range = std::move(content_range);
    return head;
}

}  // namespace

TEST_CASE("control_request: each path of the contract") {
    CHECK(std::holds_alternative<AskPing>(read_request(head(Method::get, ping_path))));
    CHECK(std::holds_alternative<AskWaiting>(read_request(head(Method::get, waiting_path))));
    auto const waiting = read_request(head(Method::get, std::string(waiting_path) + '/' + id));
    REQUIRE(std::holds_alternative<AskWaiting>(waiting));
    CHECK(std::get<AskWaiting>(waiting).id->to_hex() == id);
    CHECK(std::holds_alternative<AskHoldings>(read_request(head(Method::get, holdings_path))));
    auto const held = read_request(head(Method::get, std::string(holdings_path) + '/' + id));
    REQUIRE(std::holds_alternative<AskHoldings>(held));
    CHECK(std::get<AskHoldings>(held).after->to_hex() == id);
    auto const post = read_request(head(Method::post, offers_path, 100));
    REQUIRE(std::holds_alternative<PostOffer>(post));
    CHECK(std::get<PostOffer>(post).body_bytes == 100);
    auto const ask = read_request(head(Method::get, offer_path(*OfferId::parse(offer))));
    REQUIRE(std::holds_alternative<AskOffer>(ask));
    CHECK(std::get<AskOffer>(ask).id.to_hex() == offer);
    auto const receipt = read_request(head(Method::get, receipt_path(*OfferId::parse(offer))));
    REQUIRE(std::holds_alternative<AskReceipt>(receipt));
    auto const blob = blob_path(*ContentId::parse(id));
    auto const put = read_request(head(Method::put, blob, 10));
    REQUIRE(std::holds_alternative<PutBlob>(put));
    CHECK(std::get<PutBlob>(put).range == ContentRange{{0, 9}, 10});
    auto const rest = read_request(head(Method::put, blob, 4, "bytes 6-9/10"));
    REQUIRE(std::holds_alternative<PutBlob>(rest));
    CHECK(std::get<PutBlob>(rest).range == ContentRange{{6, 9}, 10});
    CHECK(std::get<AskBlob>(read_request(head(Method::head, blob))).head_only);
    CHECK_FALSE(std::get<AskBlob>(read_request(head(Method::get, blob))).head_only);
    auto const layers = layer_path(*ContentId::parse(id));
    CHECK(std::holds_alternative<AskLayer>(read_request(head(Method::get, layers))));
    CHECK(std::get<PutLayer>(read_request(head(Method::put, layers, 64))).body_bytes == 64);
}

TEST_CASE("control_request: refuses the rest, and says how") {
    std::string const blob = "/v1/blobs/" + id;
    std::string const waiting = waiting_path;

    struct Row {
        char const* why;
        RequestHead request;
        unsigned status;
    };

    for (Row const& row : {
             Row{"no such path", head(Method::get, "/"), 404},
             Row{"a longer path", head(Method::get, "/v1/pings"), 404},
             Row{"a query", head(Method::get, "/v1/ping?x"), 404},
             Row{"an absolute target", head(Method::get, "https://x/v1/ping"), 404},
             Row{"holdings after nothing", head(Method::get, "/v1/holdings/"), 404},
             Row{"holdings after no id", head(Method::get, "/v1/holdings/x"), 404},
             Row{"holdings of another name", head(Method::get, "/v1/holdingss"), 404},
             Row{"put to holdings", head(Method::put, "/v1/holdings", 3), 405},
             Row{"a later endpoint", head(Method::put, "/v1/later", 10), 404},
             Row{"get of records", head(Method::get, "/v1/records"), 405},
             Row{"records too long",
                 head(Method::put, "/v1/records", control_limits::records_bytes + 1), 413},
             Row{"get of reach", head(Method::get, "/v1/reach"), 405},
             Row{"a long reach", head(Method::post, "/v1/reach", control_limits::reach_bytes + 1),
                 413},
             Row{"put to enroll", head(Method::put, "/v1/enroll", 3), 405},
             Row{"enrolment too long",
                 head(Method::post, "/v1/enroll", control_limits::enroll_bytes + 1), 413},
             Row{"receipt too long",
                 head(Method::put, "/v1/receipts/" + offer, limits::receipt_bytes + 1), 413},
             Row{"relay to a short key", head(Method::post, "/v1/line/aa/relay", 0), 404},
             Row{"relay asked for", head(Method::get, "/v1/line/" + id + "/relay"), 405},
             Row{"relay with a body", head(Method::post, "/v1/line/" + id + "/relay", 1), 400},
             Row{"line of a short key", head(Method::get, "/v1/line/aa"), 404},
             Row{"put to a line", head(Method::put, "/v1/line/" + id, 3), 405},
             Row{"order too long",
                 head(Method::post, "/v1/line/" + id, control_limits::order_bytes + 1), 413},
             Row{"upper case id", head(Method::get, "/v1/blobs/" + std::string(64, 'A')), 404},
             Row{"short id", head(Method::get, "/v1/blobs/aa"), 404},
             Row{"a path through an id", head(Method::get, blob + "/../x"), 404},
             Row{"layers of nothing", head(Method::get, "/v1/blobs/layers"), 404},
             Row{"short offer id", head(Method::get, "/v1/offers/bb"), 404},
             Row{"waiting for no id", head(Method::get, waiting + '/'), 404},
             Row{"waiting for a short id", head(Method::get, waiting + "/aa"), 404},
             Row{"a path like waiting", head(Method::get, waiting + 'x' + id), 404},
             Row{"put to waiting", head(Method::put, waiting + '/' + id, 3), 405},
             Row{"put to ping", head(Method::put, ping_path, 3), 405},
             Row{"get of offers", head(Method::get, offers_path), 405},
             Row{"post to a blob", head(Method::post, blob, 3), 405},
             Row{"put to an offer", head(Method::put, "/v1/offers/" + offer, 3), 405},
             Row{"another method", head(Method::other, blob), 405},
             Row{"no length", head(Method::post, offers_path), 411},
             Row{"blob without length", head(Method::put, blob), 411},
             Row{"empty body", head(Method::put, blob, 0), 400},
             Row{"get with a body", head(Method::get, ping_path, 1), 400},
             Row{"offer too long", head(Method::post, offers_path, limits::control_body_bytes + 1),
                 413},
             Row{"layer too long",
                 head(Method::put, blob + "/layers", control_limits::layer_bytes + 1), 413},
             Row{"range and length differ", head(Method::put, blob, 5, "bytes 6-9/10"), 400},
             Row{"a range backwards", head(Method::put, blob, 5, "bytes 9-6/10"), 400},
         }) {
        CAPTURE(row.why);
        auto const request = read_request(row.request);
        REQUIRE(std::holds_alternative<Refusal>(request));
        CHECK(std::get<Refusal>(request).status == row.status);
    }
}
