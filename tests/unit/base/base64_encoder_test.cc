#include "src/base/base64_encoder.h"

#include <doctest/doctest.h>

#include "src/base/base64.h"
#include "src/base/base64_decoder.h"

using namespace satchel;

namespace {

Bytes some_content(std::size_t size) {
    Bytes content(size);
    std::uint32_t state = 1;
    for (Byte& octet : content)
        octet = static_cast<Byte>((state = state * 1'664'525U + 1'013'904'223U) >> 24);
    return content;
}

/// Decodes in pieces of `step` octets.
Result<Bytes> decode(std::string_view text, std::size_t step) {
    Base64Decoder decoder;
    Bytes out;
    for (std::size_t i = 0; i < text.size(); i += step)
        if (auto status = decoder.decode(bytes_of(text.substr(i, step)), out); !status)
            return fail(status.error());
    if (auto status = decoder.finish(); !status) return fail(status.error());
    return out;
}

std::string encode(ByteSpan content, std::size_t line, std::string_view eol, std::size_t step) {
    Base64Encoder encoder(line, eol);
    std::string out;
    for (std::size_t i = 0; i < content.size(); i += step)
        encoder.encode(content.subspan(i, std::min(step, content.size() - i)), out);
    encoder.finish(out);
    return out;
}

/// The plain way: encode in one string, then cut.
std::string cut(std::string const& text, std::size_t line, std::string_view eol) {
    if (line == 0) return text;
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += line)
        out.append(i == 0 ? "" : eol).append(text.substr(i, line));
    return out;
}

}  // namespace

TEST_CASE("base64 encoder: any line length and any pieces give the same text") {
    for (std::size_t size : {0U, 1U, 2U, 3U, 56U, 57U, 58U, 20'000U}) {
        Bytes const content = some_content(size);
        for (std::size_t line : {0U, 1U, 46U, 64U, 76U, 77U, 30'000U}) {
            for (std::size_t step : {1U, 2U, 7U, 4'096U, 100'000U}) {
                CAPTURE(size);
                CAPTURE(line);
                CAPTURE(step);
                REQUIRE(encode(content, line, "\r\n", step) ==
                        cut(to_base64(content), line, "\r\n"));
            }
        }
    }
}

TEST_CASE("base64 decoder: gives back what was encoded, whatever the lines and pieces") {
    for (std::size_t size : {0U, 1U, 2U, 3U, 4U, 57U, 58U, 59U, 20'000U}) {
        Bytes const content = some_content(size);
        for (std::size_t line : {0U, 1U, 46U, 76U, 77U}) {
            for (std::size_t step : {1U, 3U, 5U, 4'096U, 100'000U}) {
                CAPTURE(size);
                CAPTURE(line);
                CAPTURE(step);
                auto const back = decode(encode(content, line, "\n", 4'096), step);
                REQUIRE(back);
                REQUIRE(*back == content);
            }
        }
    }
}

TEST_CASE("base64 decoder: skips white space between any two characters") {
    for (char const* text : {" YWI=", "Y WI=", "YW\r\nI=", "YWI\t=", "YWI=\r\n\r\n ", "\n\nYWI="}) {
        CAPTURE(text);
        auto const back = decode(text, 100);
        REQUIRE(back);
        CHECK(text_of(*back) == "ab");
    }
}

TEST_CASE("base64 decoder: refuses what nobody encodes") {
    struct Row {
        char const* why;
        char const* text;
    };

    for (Row const& row :
         {Row{"foreign character", "YW!i"}, Row{"octet over 127", "YW\xc3\xa4"},
          Row{"URL alphabet", "YW-_"}, Row{"vertical tab is not white", "YWJj\v"},
          Row{"ends after one character", "YWJjY"}, Row{"ends after two", "YWJjYW"},
          Row{"ends after three", "YWJjYWI"}, Row{"padding first", "="},
          Row{"padding after a group", "YWJj="}, Row{"padding after one", "Y==="},
          Row{"one padding short", "YQ="}, Row{"three paddings", "YQ==="},
          Row{"two after three", "YWI=="}, Row{"text after padding", "YQ==YQ=="},
          Row{"text inside padding", "YQ=Q="}, Row{"trailing bits of two", "YR=="},
          Row{"trailing bits of three", "YWJ="}}) {
        CAPTURE(row.why);
        for (std::size_t step : {1U, 2U, 100U}) {
            auto const back = decode(row.text, step);
            REQUIRE_FALSE(back);
            CHECK(back.error().fault == Fault::corrupt);
        }
    }
}

TEST_CASE("base64 decoder: starts afresh after finish") {
    Base64Decoder decoder;
    Bytes out;
    CHECK(decoder.decode(bytes_of("YQ"), out));
    CHECK_FALSE(decoder.finish());
    CHECK(decoder.decode(bytes_of("YQ=="), out));
    CHECK(decoder.finish());
    CHECK(text_of(out) == "a");
}
