#include "src/core/msgpack_codec.h"

#include <doctest/doctest.h>

#include "src/base/hex.h"

using namespace satchel;

namespace {

Bytes sample() {
    MsgpackWriter out;
    out.map(5).key(1).number(300).key(2).text("é").key(3).binary(Bytes{7, 8}).key(4).flag(true);
    out.key(300).array(2).number(0).map(0);
    return out.take();
}

}  // namespace

TEST_CASE("msgpack: shortest heads at every step of length") {
    struct Row {
        std::uint64_t value;
        char const* hex;
    };

    for (Row const& row :
         {Row{0, "00"}, Row{127, "7f"}, Row{128, "cc80"}, Row{255, "ccff"}, Row{256, "cd0100"},
          Row{65535, "cdffff"}, Row{65536, "ce00010000"}, Row{4294967295, "ceffffffff"},
          Row{4294967296, "cf0000000100000000"}, Row{~0ULL, "cfffffffffffffffff"}}) {
        CAPTURE(row.value);
        Bytes const bytes = MsgpackWriter().number(row.value).take();
        CHECK(to_hex(bytes) == row.hex);
        auto const back = decode_msgpack(bytes, 100);
        REQUIRE(back);
        CHECK(std::get<std::uint64_t>(back->content) == row.value);
    }
    for (std::size_t const size : {0U, 31U, 32U, 255U, 256U, 65535U, 65536U}) {
        CAPTURE(size);
        Bytes const text = MsgpackWriter().text(std::string(size, 'x')).take();
        Bytes const binary = MsgpackWriter().binary(Bytes(size, 1)).take();
        auto const text_back = decode_msgpack(text, 100'000);
        auto const binary_back = decode_msgpack(binary, 100'000);
        REQUIRE(text_back);
        REQUIRE(binary_back);
        CHECK(std::get<std::string>(text_back->content).size() == size);
        CHECK(std::get<Bytes>(binary_back->content).size() == size);
    }
}

TEST_CASE("msgpack: fields come back as they went") {
    Bytes const bytes = sample();
    CHECK(to_hex(bytes) ==
          "8501cd012c02a2c3a903c4020708"
          "04c3cd012c920080");
    auto const value = decode_msgpack(bytes, 100);
    REQUIRE(value);
    auto fields = MsgpackFields::of_map(*value);
    CHECK(fields.number(1) == 300);
    CHECK(fields.text(2, 2) == "é");
    CHECK(fields.binary(3, 2) == Bytes{7, 8});
    CHECK(fields.binary_of<2>(3) == std::array<Byte, 2>{7, 8});
    CHECK(fields.flag(4));
    CHECK_FALSE(fields.has(5));
    auto const elements = fields.array(300, 2);
    REQUIRE(elements.size() == 2);
    CHECK(MsgpackFields::of_map(elements[1]).status());
    CHECK(fields.status());
}

TEST_CASE("msgpack: the first wrong field stays, and what follows is empty") {
    auto const value = decode_msgpack(sample(), 100);
    REQUIRE(value);

    struct Row {
        char const* why;
        void (*take)(MsgpackFields&);
    };

    for (Row const& row : {
             Row{"field 9 is missing", [](MsgpackFields& f) { CHECK(f.number(9) == 0); }},
             Row{"field 1 is over its bound",
                 [](MsgpackFields& f) { CHECK(f.number(1, 299) == 0); }},
             Row{"field 1 is not text", [](MsgpackFields& f) { CHECK(f.text(1, 9).empty()); }},
             Row{"field 2 is over its bound",
                 [](MsgpackFields& f) { CHECK(f.text(2, 1).empty()); }},
             Row{"field 2 is not binary", [](MsgpackFields& f) { CHECK(f.binary(2, 9).empty()); }},
             Row{"field 3 is over its bound",
                 [](MsgpackFields& f) { CHECK(f.binary(3, 1).empty()); }},
             Row{"field 3 has the wrong length",
                 [](MsgpackFields& f) { CHECK(f.binary_of<3>(3)[0] == 0); }},
             Row{"field 3 is not a boolean", [](MsgpackFields& f) { CHECK_FALSE(f.flag(3)); }},
             Row{"field 4 is not a number", [](MsgpackFields& f) { CHECK(f.number(4) == 0); }},
             Row{"field 4 is not an array", [](MsgpackFields& f) { CHECK(f.array(4, 9).empty()); }},
             Row{"field 300 is over its bound",
                 [](MsgpackFields& f) { CHECK(f.array(300, 1).empty()); }},
         }) {
        CAPTURE(row.why);
        auto fields = MsgpackFields::of_map(*value);
        row.take(fields);
        REQUIRE_FALSE(fields.status());
        CHECK(fields.status().error().what == row.why);
        CHECK(fields.status().error().fault == Fault::corrupt);
        CHECK(fields.number(1) == 0);
        CHECK(fields.value(300) == nullptr);
        CHECK(fields.status().error().what == row.why);
    }
    CHECK_FALSE(MsgpackFields::of_array(*value, 5).status());
    auto const array = decode_msgpack(Bytes{0x92, 1, 2}, 9);
    REQUIRE(array);
    CHECK_FALSE(MsgpackFields::of_map(*array).status());
    CHECK_FALSE(MsgpackFields::of_array(*array, 1).status());
    CHECK_FALSE(MsgpackFields::of_array(*array, 3).status());
    CHECK(MsgpackFields::of_array(*array, 2).number(1) == 2);
}

TEST_CASE("msgpack: refuses what we would not have written") {
    struct Row {
        char const* why;
        char const* hex;
    };

    for (Row const& row : {
             Row{"nothing", ""},
             Row{"trailing byte", "0000"},
             Row{"second value", "80c0"},
             Row{"nil", "c0"},
             Row{"reserved", "c1"},
             Row{"negative", "ff"},
             Row{"int 8", "d001"},
             Row{"int 64", "d30000000000000001"},
             Row{"float", "ca00000000"},
             Row{"double", "cb0000000000000000"},
             Row{"fixext", "d40100"},
             Row{"ext 8", "c7000000"},
             Row{"5 in two octets", "cc05"},
             Row{"255 in three", "cd00ff"},
             Row{"65535 in five", "ce0000ffff"},
             Row{"1 in nine", "cf0000000000000001"},
             Row{"str 8 for fixstr", "d90161"},
             Row{"str 16 for fixstr", "da000161"},
             Row{"bin 16 for bin 8", "c5000101"},
             Row{"array 16 for fixarray", "dc000100"},
             Row{"array 32 for fixarray", "dd0000000100"},
             Row{"map 16 for fixmap", "de00010000"},
             Row{"unsorted keys", "8202000100"},
             Row{"key twice", "8201000100"},
             Row{"text as key", "81a16100"},
             Row{"map as key", "818000"},
             Row{"boolean as key", "81c300"},
             Row{"not UTF-8", "a1ff"},
             Row{"array cut", "9200"},
             Row{"map cut after its key", "8101"},
             Row{"text cut", "a261"},
             Row{"head cut", "cd01"},
             Row{"array that claims 4 GiB", "ddffffffff00"},
             Row{"map that claims 4 GiB", "dfffffffff0000"},
             Row{"binary that claims 4 GiB", "c6ffffffff00"},
         }) {
        CAPTURE(row.why);
        auto const value = decode_msgpack(*from_hex(row.hex), 100);
        REQUIRE_FALSE(value);
        CHECK(value.error().fault == Fault::corrupt);
    }
}

TEST_CASE("msgpack: bounds on bytes, depth and number of values") {
    CHECK(decode_msgpack(Bytes{0xa1, 'x'}, 2));
    CHECK(decode_msgpack(Bytes{0xa1, 'x'}, 1).error().fault == Fault::too_large);

    auto const nested = [](std::size_t depth) {
        Bytes bytes(depth, 0x91);
        bytes.push_back(0);
        return bytes;
    };
    CHECK(decode_msgpack(nested(msgpack_depth), 100));
    CHECK(decode_msgpack(nested(msgpack_depth + 1), 100).error().fault == Fault::too_large);
    CHECK(decode_msgpack(nested(90'000), 100'000).error().fault == Fault::too_large);

    auto const wide = [](std::size_t values) {
        MsgpackWriter out;
        out.array(values - 1);
        for (std::size_t i = 1; i < values; ++i)
            out.number(0);
        return out.take();
    };
    CHECK(decode_msgpack(wide(msgpack_values_max), 10'000));
    CHECK(decode_msgpack(wide(msgpack_values_max + 1), 10'000).error().fault == Fault::too_large);
}

TEST_CASE("msgpack: cut anywhere, it is refused") {
    Bytes const bytes = sample();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CAPTURE(size);
        CHECK_FALSE(decode_msgpack(ByteSpan(bytes).first(size), 100));
    }
}
