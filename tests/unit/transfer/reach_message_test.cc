#include "transfer/reach_message.h"

#include <doctest/doctest.h>

#include "src/core/endpoint_codec.h"
#include "src/core/msgpack_codec.h"

using namespace satchel;
using namespace satchel::transfer;

namespace {

std::vector<Endpoint> const two = {{"192.0.2.1", 7473}, {"2001:db8::1", 7473}};

Bytes answer_with(std::string const& ip, std::size_t endpoints) {
    MsgpackWriter out;
    out.map(3).key(1).text(ip);
    write_endpoints(out.key(2), std::vector<Endpoint>(endpoints, two.front()));
    write_endpoints(out.key(3), {});
    return out.take();
}

}  // namespace

TEST_CASE("reach message: comes back as it went") {
    auto const request = decode_reach_request(encode_reach_request({two, {two.back()}}));
    REQUIRE(request);
    CHECK(request->control == two);
    CHECK(request->dht == std::vector{two.back()});
    auto const answer = decode_reach_answer(encode_reach_answer({"2001:db8::2", {}, two}));
    REQUIRE(answer);
    CHECK(answer->seen_ip == "2001:db8::2");
    CHECK(answer->control.empty());
    CHECK(answer->dht == two);
    CHECK(answer->swarm.empty());
}

TEST_CASE("reach message: a swarm's port may be asked about, too") {
    auto const request = decode_reach_request(encode_reach_request({two, {}, {two.back()}}));
    REQUIRE(request);
    CHECK(request->swarm == std::vector{two.back()});
    auto const answer = decode_reach_answer(encode_reach_answer({"192.0.2.1", {}, {}, two}));
    REQUIRE(answer);
    CHECK(answer->swarm == two);
}

TEST_CASE("reach message: refuses what it did not write") {
    CHECK(decode_reach_answer(answer_with("192.0.2.1", 4)));

    struct Row {
        char const* why;
        Bytes body;
    };

    for (Row const& row :
         {Row{"five endpoints", answer_with("192.0.2.1", 5)}, Row{"no address", answer_with("", 1)},
          Row{"a name", answer_with("example.test", 1)},
          Row{"with a port", answer_with("192.0.2.1:25", 1)},
          Row{"long", answer_with(std::string(46, '1'), 1)},
          Row{"escape", answer_with("192.0.2.1\x1b[2J", 1)}}) {
        CAPTURE(row.why);
        CHECK_FALSE(decode_reach_answer(row.body));
    }
    Bytes const whole = encode_reach_request({two, two});
    for (std::size_t at = 0; at < whole.size(); ++at)
        CHECK_FALSE(decode_reach_request(ByteSpan(whole).first(at)));
}
