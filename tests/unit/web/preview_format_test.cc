#include "src/web/preview_format.h"

#include <doctest/doctest.h>

namespace satchel::web {

TEST_CASE("preview_format: the first bytes decide, and nothing that can run is a format") {
    using namespace std::string_literals;

    struct Row {
        std::string beginning;
        char const* format;
    };

    for (Row const& row :
         {Row{"\x89PNG\r\n\x1a\n\0\0"s, "image/png"}, Row{"\xff\xd8\xff\xe0"s, "image/jpeg"},
          Row{"GIF89a.."s, "image/gif"}, Row{"RIFF\1\2\3\4WEBPVP8 "s, "image/webp"},
          Row{"RIFF\1\2\3\4WAVE"s, ""}, Row{"%PDF-1.7\n\x80"s, "application/pdf"},
          Row{"<!doctype html><script>"s, "text/plain"},
          Row{"<svg onload=alert(1)>"s, "text/plain"}, Row{"gr\xc3\xbc\xc3\x9f\xc3"s, "text/plain"},
          Row{"\xc3\xc3\xc3\xc3\xc3"s, ""}, Row{"text\0more"s, ""}, Row{"MZ\x90\0"s, ""},
          Row{""s, ""}, Row{"RIFF"s, "text/plain"}}) {
        CAPTURE(row.beginning);
        CHECK(preview_format(bytes_of(row.beginning)) == row.format);
    }
}

}  // namespace satchel::web
