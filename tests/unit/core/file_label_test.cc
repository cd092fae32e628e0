#include "src/core/file_label.h"

#include <doctest/doctest.h>

#include "src/core/msgpack_codec.h"
#include "src/core/utf8.h"
#include "tests/support/vector_file.h"
#include "tests/unit/core/samples.h"

using namespace satchel;
using namespace satchel::testing;

namespace {

FileLabel sample_label() {
    return {"Hochzeit ä.mov", "video/quicktime", 2'100'000'000, {1, 2, 3},
            "<1@a.test>",     "alice@a.test",    "Bilder"};
}

}  // namespace

TEST_CASE("label: the bytes of FORMATS.md") {
    VectorFile vectors("label");
    vectors.check("label", encode_label(sample_label()));
    vectors.check("empty", encode_label(FileLabel{}));
}

TEST_CASE("label: comes back as it went") {
    for (FileLabel const& label : {sample_label(), FileLabel{}}) {
        auto const back = decode_label(encode_label(label));
        REQUIRE(back);
        CHECK(*back == label);
    }
}

TEST_CASE("label: what a mail says is cut to its bounds and made UTF-8") {
    FileLabel label = sample_label();
    label.name = "caf\xe9.txt";
    label.subject = std::string(2'047, 's') + "ä";
    label.type = label.message_id = label.sender = std::string(10'000, 'x');
    Bytes const bytes = encode_label(label);
    CHECK(bytes.size() + 1'024 < limits::label_bytes);
    auto const back = decode_label(bytes);
    REQUIRE(back);
    CHECK(back->name == "caf\xef\xbf\xbd.txt");
    CHECK(back->subject == std::string(2'047, 's'));
    CHECK(back->type == std::string(255, 'x'));
}

TEST_CASE("label: cut or longer, it is refused; unknown keys are passed over") {
    Bytes const bytes = encode_label(sample_label());
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        CAPTURE(at);
        CHECK_FALSE(decode_label(ByteSpan(bytes).first(at)));
        auto const other = decode_label(bent(bytes, at));
        CHECK_FALSE((other && *other == sample_label()));
    }
    CHECK_FALSE(decode_label(with_byte_after(bytes)));
    Bytes later = bytes;
    later[0] = 0x88;
    append(later, MsgpackWriter().key(8).text("later").take());
    CHECK(decode_label(later));
    Bytes long_type =
        MsgpackWriter().map(7).key(1).text("").key(2).text(std::string(256, 'x')).take();
    append(long_type, MsgpackWriter().key(3).number(1).key(4).binary(Bytes(32)).take());
    append(long_type, MsgpackWriter().key(5).text("").key(6).text("").key(7).text("").take());
    CHECK_FALSE(decode_label(long_type));
}

TEST_CASE("safe file name: what becomes of names") {
    struct Row {
        char const* why;
        std::string name;
        std::string safe;
    };

    std::string const long_stem(300, 'n');
    for (Row const& row : {
             Row{"as it is", "wedding.mov", "wedding.mov"},
             Row{"spaces within and umlauts", "Foto für Oma.jpg", "Foto für Oma.jpg"},
             Row{"a path", "/etc/passwd", "passwd"},
             Row{"a path upwards", "../../.ssh/authorized_keys", "authorized_keys"},
             Row{"a path of Windows", "C:\\Users\\bob\\x.doc", "x.doc"},
             Row{"drive", "C:x.doc", "C_x.doc"},
             Row{"stream", "x.txt:hidden", "x.txt_hidden"},
             Row{"folder", "folder/", "attachment"},
             Row{"empty", "", "attachment"},
             Row{"dot", ".", "attachment"},
             Row{"dots", "..", "attachment"},
             Row{"dots and spaces", " . . ", "attachment"},
             Row{"hidden", ".bashrc", "bashrc"},
             Row{"hidden behind a space", " .bashrc", "bashrc"},
             Row{"hidden behind a character without width", "\u200b.bashrc", "bashrc"},
             Row{"dot at its end", "x.txt.", "x.txt"},
             Row{"option", "-rf", "_rf"},
             Row{"line end", "a\r\nb.txt", "ab.txt"},
             Row{"NUL", std::string("a.txt\0.exe", 10), "a.txt.exe"},
             Row{"escape", "\x1b[31mred", "[31mred"},
             Row{"C1 control", "a\u009bb", "ab"},
             Row{"order turned round", "photo\u202egpj.exe", "photogpj.exe"},
             Row{"isolate", "photo\u2067gpj.exe", "photogpj.exe"},
             Row{"line separator", "a\u2028b", "ab"},
             Row{"device", "con", "_con"},
             Row{"device with extension", "NUL.txt", "_NUL.txt"},
             Row{"device with a number", "Com1.log", "_Com1.log"},
             Row{"device with a superscript", "LPT\u00b9", "_LPT\u00b9"},
             Row{"not quite a device", "console.txt", "console.txt"},
             Row{"not quite a port", "com10", "com10"},
             Row{"wildcards", "a*b?.txt", "a_b_.txt"},
             Row{"not UTF-8", "caf\xe9.txt", "caf\xef\xbf\xbd.txt"},
             Row{"overlong slash",
                 "a\xc0\xaf"
                 "b",
                 "a\xef\xbf\xbd\xef\xbf\xbd"
                 "b"},
             Row{"long", long_stem, long_stem.substr(0, 200)},
             Row{"long, extension kept", long_stem + ".jpeg", long_stem.substr(0, 195) + ".jpeg"},
             Row{"long after its dot", "a." + long_stem, "a." + long_stem.substr(0, 198)},
         }) {
        CAPTURE(row.why);
        CHECK(safe_file_name(row.name) == row.safe);
    }
}

TEST_CASE("safe file name: holds what it promises, whatever comes, and is at rest") {
    SeededRandomness chance("names");
    for (int round = 0; round < 2'000; ++round) {
        auto const noise = chance.array<64>();
        std::string name(text_of(ByteSpan(noise).first(noise[0] % 64U)));
        if (round % 4 == 0) name = std::string(150, 'x') + name + "." + name;
        CAPTURE(name);
        std::string const safe = safe_file_name(name);
        CHECK_FALSE(safe.empty());
        CHECK(safe.size() <= 200);
        CHECK(is_utf8(safe));
        CHECK(safe.front() != '.');
        CHECK(safe.find_first_of("/\\\r\n") == std::string::npos);
        CHECK(safe.find('\0') == std::string::npos);
        CHECK(safe_file_name(safe) == safe);
    }
}
