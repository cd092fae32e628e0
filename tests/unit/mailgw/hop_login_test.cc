#include "mailgw/hop_login.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "tests/support/temp_folder.h"

using namespace satchel;
using namespace satchel::mailgw;
using namespace satchel::testing;

namespace {

struct PasswordFile {
    explicit PasswordFile(std::string const& content, unsigned mode = 0600) {
        std::ofstream(login.password_file, std::ios::binary) << content;
        std::filesystem::permissions(login.password_file, std::filesystem::perms(mode));
    }

    TempFolder folder;
    HopLogin login{"alice", folder / "password"};
};

}  // namespace

TEST_CASE("hop_login: the password is one line of a file that is its owner's alone") {
    for (char const* content :
         {"s3cret w\xc3\xb6rd", "s3cret w\xc3\xb6rd\n", "s3cret w\xc3\xb6rd\r\n"}) {
        CAPTURE(content);
        PasswordFile const file(content);
        auto const password = load_password(file.login);
        REQUIRE(password);
        CHECK(text_of(password->view()) == "s3cret w\xc3\xb6rd");
    }
}

TEST_CASE("hop_login: what is no password file, and no word of what is in it") {
    struct Row {
        char const* why;
        std::string content;
        unsigned mode;
        char const* said;
    };

    for (Row const& row : {
             Row{"group may read", "hidden", 0640, "chmod 600"},
             Row{"all may read", "hidden", 0604, "chmod 600"},
             Row{"group may write", "hidden", 0620, "chmod 600"},
             Row{"empty", "", 0600, "one line"},
             Row{"an empty line", "\n", 0600, "one line"},
             Row{"two lines", "hidden\nhidden", 0600, "one line"},
             Row{"a NUL", std::string("hid\0den", 7), 0600, "one line"},
             Row{"too long", std::string(1025, 'h'), 0600, "one line"},
             Row{"far too long", std::string(100'000, 'h'), 0600, "one line"},
         }) {
        CAPTURE(row.why);
        PasswordFile const file(row.content, row.mode);
        auto const password = load_password(file.login);
        REQUIRE_FALSE(password);
        CHECK(password.error().fault == Fault::config);
        CHECK(password.error().what.find("gateway.next_hop_password_file: ") == 0);
        CHECK(password.error().what.find(row.said) != std::string::npos);
        CHECK(password.error().what.find("hid") == std::string::npos);
    }
    TempFolder const folder;
    CHECK(load_password({"alice", folder.path()}).error().fault == Fault::config);
    CHECK(load_password({"alice", folder / "none"}).error().fault == Fault::config);
}

TEST_CASE("hop_login: without a file the environment is asked") {
    ::unsetenv("SATCHEL_NEXT_HOP_PASSWORD");
    auto const none = load_password({"alice", ""});
    REQUIRE_FALSE(none);
    CHECK(none.error().what.find("SATCHEL_NEXT_HOP_PASSWORD") != std::string::npos);
    ::setenv("SATCHEL_NEXT_HOP_PASSWORD", "fromenv", 1);
    auto const password = load_password({"alice", ""});
    ::unsetenv("SATCHEL_NEXT_HOP_PASSWORD");
    REQUIRE(password);
    CHECK(text_of(password->view()) == "fromenv");
}

TEST_CASE("hop_login: secret text grows to its bound, and encodes itself") {
    SecretText text;
    CHECK(text.append("ab"));
    CHECK(text.append("c"));
    CHECK(text_of(text.in_base64()->view()) == "YWJj");
    CHECK(text.append(std::string(SecretText::octets_max - 3, 'x')));
    CHECK_FALSE(text.append("y"));
    CHECK_FALSE(text.in_base64());
}
