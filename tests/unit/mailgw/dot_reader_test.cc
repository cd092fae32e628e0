#include "mailgw/dot_reader.h"

#include <doctest/doctest.h>

#include "mailgw/line_mender.h"

using namespace satchel;
using namespace satchel::mailgw;

namespace {

struct Read {
    std::string text;
    std::string mended;
    std::string rest;
    bool ended = false;
    bool doubtful = false;
};

Read read_all(std::string const& input, std::size_t piece) {
    Read result;
    DotReader reader;
    LineMender mender;
    Bytes text;
    Bytes mended;
    for (std::size_t at = 0; at < input.size();) {
        Bytes out;
        auto const part = std::string_view(input).substr(at, piece);
        auto const step = reader.read(bytes_of(part), out);
        at += step.used;
        append(text, out);
        mender.mend(out, mended);
        if (step.ended) {
            result.ended = true;
            result.rest = input.substr(at);
            break;
        }
        REQUIRE(step.used == part.size());
    }
    result.doubtful = reader.at_doubtful_end();
    mender.finish(mended, false);
    result.text = text_of(text);
    result.mended = text_of(mended);
    return result;
}

}  // namespace

TEST_CASE("dot_reader: only CR LF . CR LF ends a message") {
    struct Row {
        std::string why;
        std::string input;
        std::string text;
        bool ended;
        bool doubtful;
    };

    for (Row const& row : {
             Row{"empty message", ".\r\n", "", true, false},
             Row{"a line", "a\r\n.\r\n", "a\r\n", true, false},
             Row{"LF.LF", "a\n.\n", "a\n.\n", false, true},
             Row{"LF.CRLF", "a\n.\r\n", "a\n.\r\n", false, true},
             Row{"CRLF.LF", "a\r\n.\n", "a\r\n.\n", false, true},
             Row{"CR.CR", "a\r.\r", "a\r.", false, false},
             Row{"CR.CRLF", "a\r.\r\n", "a\r.\r\n", false, false},
             Row{"CR CR LF . CR LF", "a\r\r\n.\r\n", "a\r\r\n.\r\n", false, true},
             Row{"CR CR CR LF . CR LF", "a\r\r\r\n.\r\n", "a\r\r\r\n.\r\n", false, true},
             Row{"CRLF . CR CR LF", "a\r\n.\r\r\n", "a\r\n.\r\r\n", false, true},
             Row{"CRLF . CR CR CR LF", "a\r\n.\r\r\r\n", "a\r\n\r\r\r\n", false, false},
             Row{"CRLF NUL . CRLF", std::string("a\r\n\0.\r\n", 7), std::string("a\r\n\0.\r\n", 7),
                 false, false},
             Row{"blank after the dot", "a\r\n. \r\n", "a\r\n \r\n", false, false},
             Row{"doubt passes", "a\n.\nb\r\n.\r\n", "a\n.\nb\r\n", true, false},
             Row{"stuffed dot", "..\r\n...\r\n.x\r\n.\r\n", ".\r\n..\r\nx\r\n", true, false},
             Row{"stuffed dot ends nothing", "a\r\n..\r\n", "a\r\n.\r\n", false, false},
             Row{"dots after a bare LF were not stuffed", "a\n..b\r\n.\r\n", "a\n..b\r\n", true,
                 false},
             Row{"dots after CR CR LF were", "a\r\r\n..b\r\n.\r\n", "a\r\r\n.b\r\n", true, false},
             Row{"between good lines", "a\r\nb\r\n..c\r\nd\r\n.e\r\nf\rg\r\nh\ni\r\n.\r\n",
                 "a\r\nb\r\n.c\r\nd\r\ne\r\nf\rg\r\nh\ni\r\n", true, false},
             Row{"dots inside lines stay", "a.b..\r\nc.\r\n.\r\n", "a.b..\r\nc.\r\n", true, false},
         }) {
        for (std::size_t piece : {1000UL, 1UL, 2UL, 3UL}) {
            CAPTURE(row.why);
            CAPTURE(piece);
            auto const read = read_all(row.input, piece);
            CHECK(read.ended == row.ended);
            CHECK(read.doubtful == row.doubtful);
            CHECK(read.text == row.text);
        }
    }
}

TEST_CASE("dot_reader: leaves what follows the end") {
    auto const read = read_all("a\r\n.\r\nQUIT\r\n.\r\n", 1000);
    CHECK(read.ended);
    CHECK(read.rest == "QUIT\r\n.\r\n");
}

TEST_CASE("line_mender: every line ends CR LF") {
    struct Row {
        std::string why;
        std::string in, out;
    };

    for (Row const& row : {
             Row{"good text", "a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n"},
             Row{"bare LF", "a\n\nb\n", "a\r\n\r\nb\r\n"},
             Row{"bare CR", "a\rb\r\rc", "a\r\nb\r\n\r\nc\r\n"},
             Row{"CR CR LF is one end", "a\r\r\nb\r\r\r\n", "a\r\nb\r\n"},
             Row{"CR at the end", "a\r", "a\r\n"},
             Row{"between good lines", "a\r\nb\r\nc\nd\r\ne\rf\r\n\r\r\ng\r\n",
                 "a\r\nb\r\nc\r\nd\r\ne\r\nf\r\n\r\ng\r\n"},
             Row{"no end", "a", "a\r\n"},
             Row{"nothing", "", ""},
         }) {
        for (std::size_t piece : {1000UL, 1UL, 2UL}) {
            CAPTURE(row.why);
            LineMender mender;
            Bytes out;
            for (std::size_t at = 0; at < row.in.size(); at += piece)
                mender.mend(bytes_of(std::string_view(row.in).substr(at, piece)), out);
            mender.finish(out, true);
            CHECK(text_of(out) == row.out);
            CHECK(mender.mended() == (row.in != row.out && row.in != "a"));
        }
    }
}

TEST_CASE("line_mender: a gigabyte of CR does not become one write") {
    LineMender mender;
    std::string const crs(4096, '\r');
    for (int i = 0; i < 100; ++i) {
        Bytes out;
        mender.mend(bytes_of(crs), out);
        CHECK(out.size() <= 2 * 4096 + 2 * 1'001);
    }
}
