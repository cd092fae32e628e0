#include "mailgw/link_field_filter.h"

#include <doctest/doctest.h>

using namespace satchel;
using namespace satchel::mailgw;

namespace {

struct Filtered {
    std::string text;
    bool changed = false;
};

Filtered filtered(std::string const& text, std::size_t piece) {
    LinkFieldFilter filter;
    Bytes out;
    for (std::size_t at = 0; at < text.size(); at += piece)
        filter.filter(bytes_of(std::string_view(text).substr(at, piece)), out);
    return {std::string(text_of(out)), filter.changed()};
}

}  // namespace

TEST_CASE("link_field_filter: the name goes wherever a header section may be, and nowhere else") {
    std::string const bad = "X-Mozilla-External-Attachment-URL: http://evil.test/\r\n";
    std::string const good = "X-Satchel-Stripped-Attachment-URL: http://evil.test/\r\n";

    struct Row {
        std::string why;
        std::string before;
        std::string line;
        std::string after;
        bool stripped;
    };

    for (Row const& row : {
             Row{"first field", "", bad, "A: b\r\n\r\ntext\r\n", true},
             Row{"a field of the message", "From: a\r\n", bad, "\r\ntext\r\n", true},
             Row{"the name alone", "From: a\r\n", bad.substr(0, 33) + "\r\n", "", true},
             Row{"not all of the name", "From: a\r\n", bad.substr(0, 32) + "\r\n", "", false},
             Row{"blank before the colon", "", "x-MOZILLA-external-attachment-url : x\r\n", "\r\n",
                 true},
             Row{"a part's field", "A: b\r\n\r\n--x\r\nContent-Type: text/plain\r\n", bad,
                 "\r\ntext\r\n--x--\r\n", true},
             Row{"a part's only field", "A: b\r\n\r\nhello\r\n--x\r\n", bad, "\r\n--x--\r\n", true},
             Row{"a nested message's field",
                 "A: b\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n\r\nFrom: c\r\n", bad, "\r\n",
                 true},
             Row{"a nested message's field, folded type",
                 "A: b\r\n\r\n--x\r\nContent-Type:\r\n Message/RFC822\r\n\r\n", bad, "\r\n", true},
             Row{"a digest's message", "A: b\r\n\r\n--x\r\n\r\nFrom: c\r\n", bad, "\r\n", true},
             Row{"text", "A: b\r\n\r\n", bad, "", false},
             Row{"text after a line", "A: b\r\n\r\nfirst\r\n", bad, "last\r\n", false},
             Row{"a part's text", "A: b\r\n\r\n--x\r\nC: d\r\n\r\ntext\r\n", bad, "", false},
             Row{"folded line", "A: b\r\n ", bad, "\r\n", false},
             Row{"inside a line", "A: b\r\nC: ", bad, "\r\n", false},
             Row{"dashes inside a line of text", "A: b\r\n\r\nx\r\n - --\r\n", bad, "", false},
         }) {
        for (std::size_t piece : {1000UL, 1UL, 2UL, 3UL, 34UL}) {
            CAPTURE(row.why);
            CAPTURE(piece);
            std::string line = row.line;
            if (row.stripped) line.replace(0, 33, good.substr(0, 33));
            auto const result = filtered(row.before + row.line + row.after, piece);
            CHECK(result.text == row.before + line + row.after);
            CHECK(result.changed == row.stripped);
        }
    }
}
