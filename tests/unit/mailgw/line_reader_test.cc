#include "mailgw/line_reader.h"

#include <doctest/doctest.h>

#include "tests/support/memory_file.h"

using namespace satchel;
using namespace satchel::mailgw;

namespace {

std::string const filler(300'000, 'x');  // more than the buffer

}  // namespace

TEST_CASE("line_reader: gives every octet once, in lines") {
    for (std::string const& text :
         {std::string("a\nb\r\n\nlast"), filler + "\nshort\n" + filler, std::string("\n\n\n"),
          std::string(LineReader::piece_bytes, 'p') + "\n", std::string(300'000, '\n')}) {
        UniqueFd const file = testing::memory_file(text);
        LineReader reader(file.get());
        std::string all;
        MailLine line;
        while (reader.next(line).value()) {
            REQUIRE(line.begin == all.size());
            REQUIRE(line.starts == (all.empty() || all.back() == '\n'));
            REQUIRE(line.text.size() <= LineReader::piece_bytes);
            REQUIRE(line.text.substr(0, line.text.size() - 1).find('\n') == std::string::npos);
            all += line.text;
        }
        CHECK((all == text));
    }
}

TEST_CASE("line_reader: content is the line without its end") {
    struct Row {
        std::string text;
        char const* content;
        bool blank;
    };

    for (Row const& row : {Row{"a\r\n", "a", false}, Row{"a\n", "a", false}, Row{"a", "a", false},
                           Row{"a\r", "a\r", false}, Row{"\r\n", "", true}, Row{"\n", "", true},
                           Row{" \n", " ", false}, Row{"\r\r\n", "\r", false}}) {
        CAPTURE(row.text);
        MailLine const line{row.text, 0, true};
        CHECK(line.content() == row.content);
        CHECK(line.is_blank() == row.blank);
    }
}

TEST_CASE("line_reader: skips to lines that start with two dashes, wherever the buffer ends") {
    for (std::size_t shift = 0; shift < 8; ++shift) {
        std::string const text =
            std::string(256 * 1024 - 4 + shift, 'x') + "\n--found\nx--no\n-no\n";
        UniqueFd const file = testing::memory_file(text);
        LineReader reader(file.get());
        MailLine line;
        CAPTURE(shift);
        REQUIRE(reader.skip_to_dashes().value());
        REQUIRE(reader.next(line).value());
        CHECK(line.text == "--found\n");
        CHECK(line.begin == text.find("--found"));
        CHECK(line.starts);
        CHECK_FALSE(reader.skip_to_dashes().value());
        CHECK_FALSE(reader.next(line).value());
    }
}

TEST_CASE("line_reader: a file may start with dashes, but a piece of a line does not count") {
    UniqueFd const file = testing::memory_file(
        "--first\n" + std::string(LineReader::piece_bytes, 'x') + "--no\n--yes");
    LineReader reader(file.get());
    MailLine line;
    REQUIRE(reader.skip_to_dashes().value());
    REQUIRE(reader.next(line).value());
    CHECK(line.text == "--first\n");
    REQUIRE(reader.next(line).value());
    REQUIRE(reader.skip_to_dashes().value());
    REQUIRE(reader.next(line).value());
    CHECK(line.text == "--yes");
    UniqueFd const empty = testing::memory_file();
    LineReader none(empty.get());
    CHECK_FALSE(none.skip_to_dashes().value());
    CHECK_FALSE(none.next(line).value());
}
