#include "dht/datagram_lengths.h"

#include <doctest/doctest.h>

using namespace satchel;
using namespace satchel::location;

namespace {

Bytes operator+(Bytes head, Bytes const& more) {
    append(head, more);
    return head;
}

Bytes const nil{0xc0};

}  // namespace

TEST_CASE("datagram lengths: every format, whole and one byte short") {
    struct Row {
        char const* why;
        Bytes bytes;
    };

    for (Row const& row : {
             Row{"positive fixint", {0x7f}},
             Row{"negative fixint", {0xe0}},
             Row{"fixmap", Bytes{0x82} + nil + nil + nil + nil},
             Row{"fixarray", Bytes{0x93} + nil + nil + nil},
             Row{"fixstr", Bytes{0xa3, 'a', 'b', 'c'}},
             Row{"nil", nil},
             Row{"true", {0xc3}},
             Row{"bin 8", {0xc4, 2, 0, 0}},
             Row{"bin 16", {0xc5, 0, 2, 0, 0}},
             Row{"bin 32", {0xc6, 0, 0, 0, 2, 0, 0}},
             Row{"ext 8", {0xc7, 1, 9, 0}},
             Row{"ext 16", {0xc8, 0, 1, 9, 0}},
             Row{"ext 32", {0xc9, 0, 0, 0, 1, 9, 0}},
             Row{"float 32", Bytes{0xca} + Bytes(4, 0)},
             Row{"float 64", Bytes{0xcb} + Bytes(8, 0)},
             Row{"uint 8", Bytes{0xcc} + Bytes(1, 0)},
             Row{"uint 16", Bytes{0xcd} + Bytes(2, 0)},
             Row{"uint 32", Bytes{0xce} + Bytes(4, 0)},
             Row{"uint 64", Bytes{0xcf} + Bytes(8, 0)},
             Row{"int 8", Bytes{0xd0} + Bytes(1, 0)},
             Row{"int 64", Bytes{0xd3} + Bytes(8, 0)},
             Row{"fixext 1", Bytes{0xd4, 9} + Bytes(1, 0)},
             Row{"fixext 16", Bytes{0xd8, 9} + Bytes(16, 0)},
             Row{"str 8", {0xd9, 1, 'a'}},
             Row{"str 16", {0xda, 0, 1, 'a'}},
             Row{"str 32", {0xdb, 0, 0, 0, 1, 'a'}},
             Row{"array 16", Bytes{0xdc, 0, 1} + nil},
             Row{"array 32", Bytes{0xdd, 0, 0, 0, 1} + nil},
             Row{"map 16", Bytes{0xde, 0, 1} + nil + nil},
             Row{"map 32", Bytes{0xdf, 0, 0, 0, 1} + nil + nil},
             Row{"nested", Bytes{0x81, 0xa1, 'a', 0x92, 0xc4, 1, 7} + nil},
         }) {
        CAPTURE(row.why);
        CHECK(lengths_hold(row.bytes));
        CHECK(lengths_hold(row.bytes + nil));  // what follows is not looked at
        CHECK_FALSE(lengths_hold(ByteSpan(row.bytes).first(row.bytes.size() - 1)));
    }
}

TEST_CASE("datagram lengths: promises of gigabytes") {
    struct Row {
        char const* why;
        Bytes bytes;
    };

    for (Row const& row : {
             Row{"array of 2^32 - 1", {0xdd, 0xff, 0xff, 0xff, 0xff, 0xc0}},
             Row{"map of 2^32 - 1", {0xdf, 0xff, 0xff, 0xff, 0xff, 0xc0}},
             Row{"binary of 2^32 - 1", {0xc6, 0xff, 0xff, 0xff, 0xff, 0xc0}},
             Row{"ext of 2^32 - 1", {0xc9, 0xff, 0xff, 0xff, 0xff, 0xc0}},
             Row{"inside a map", {0x81, 0xa1, 'a', 0xdd, 0xff, 0xff, 0xff, 0xff, 0xc0}},
             Row{"arrays in arrays", Bytes(1200, 0x9f)},
             Row{"the unused format", {0xc1}},
         }) {
        CAPTURE(row.why);
        CHECK_FALSE(lengths_hold(row.bytes));
    }
}
