#include "mailgw/restore_data.h"

#include <doctest/doctest.h>

#include "src/base/hex.h"
#include "src/core/msgpack_codec.h"

using namespace satchel;
using namespace satchel::mailgw;

namespace {

RestoreData example() {
    RestoreData data;
    data.header_block = "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    data.transfer_encoding = "base64";
    data.shape = {76, "\r\n", " \t\r\n", true};
    data.content_bytes = 3;
    data.content_sha256.fill(1);
    data.body_bytes = 4;
    data.body_sha256.fill(2);
    data.message_bytes = 70'000;
    data.message_sha256.fill(3);
    return data;
}

}  // namespace

TEST_CASE("restore_data: comes back as it was") {
    RestoreData data = example();
    for (auto mode : {RestoreData::Mode::base64, RestoreData::Mode::verbatim}) {
        data.mode = mode;
        if (mode == RestoreData::Mode::verbatim) data.shape = {};
        auto const back = decode_restore_data(encode_restore_data(data));
        REQUIRE(back);
        CHECK(*back == data);
    }
    data.header_block = "Subject: \xff\xfe not UTF-8\r\n\r\n";
    CHECK(decode_restore_data(encode_restore_data(data)).value().header_block == data.header_block);
}

TEST_CASE("restore_data: the bytes are those of FORMATS.md") {
    RestoreData data = example();
    data.header_block = "A: b\n\n";
    std::string const sha(64, '0');
    CHECK(to_hex(encode_restore_data(data)) ==
          "8d"
          "0100"
          "02c406413a20620a0a"
          "03c406626173653634"
          "0403"
          "05c420"
          "0101010101010101010101010101010101010101010101010101010101010101"
          "0604"
          "07c420"
          "0202020202020202020202020202020202020202020202020202020202020202"
          "08ce00011170"
          "09c420"
          "0303030303030303030303030303030303030303030303030303030303030303"
          "0a4c"
          "0bc4020d0a"
          "0cc40420090d0a"
          "0dc3");
}

TEST_CASE("restore_data: refuses what it did not write") {
    struct Row {
        std::string why;
        RestoreData data;
    };

    RestoreData long_header = example();
    long_header.header_block.assign(header_block_octets_max + 1, 'a');
    RestoreData long_lead = example();
    long_lead.shape.lead.assign(lead_octets_max + 1, ' ');
    RestoreData lead_text = example();
    lead_text.shape.lead = "x";
    RestoreData trailer_text = example();
    trailer_text.shape.trailer = "\r\n--";
    RestoreData unknown_mode = example();
    unknown_mode.mode = static_cast<RestoreData::Mode>(2);
    for (Row const& row : {Row{"header too long", long_header}, Row{"lead too long", long_lead},
                           Row{"lead is text", lead_text}, Row{"trailer is text", trailer_text},
                           Row{"unknown mode", unknown_mode}}) {
        CAPTURE(row.why);
        CHECK_FALSE(decode_restore_data(encode_restore_data(row.data)));
    }
    Bytes bytes = encode_restore_data(example());
    for (std::size_t size = 0; size < bytes.size(); ++size)
        CHECK_FALSE(decode_restore_data(ByteSpan(bytes).first(size)));
    bytes.push_back(0);
    CHECK_FALSE(decode_restore_data(bytes));
}

TEST_CASE("restore_data: the largest header block fits") {
    RestoreData data = example();
    data.header_block.assign(header_block_octets_max, 'a');
    data.shape.lead.assign(lead_octets_max, ' ');
    data.shape.trailer.assign(lead_octets_max, '\n');
    data.transfer_encoding.assign(40, 'x');
    CHECK(encode_restore_data(data).size() <= restore_data_bytes_max);
}
