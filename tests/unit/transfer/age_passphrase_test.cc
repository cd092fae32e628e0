#include "transfer/age_passphrase.h"

#include <doctest/doctest.h>

#include "tests/support/seeded_randomness.h"
#include "transfer/age_file.h"

using namespace satchel;
using namespace satchel::transfer;

namespace {

ByteSpan const passphrase = bytes_of("correct horse");

Result<FileKey> open(std::string const& text, ByteSpan with = passphrase) {
    auto const header = parse_age_header(bytes_of(text));
    if (!header) return fail(header.error());
    if (!*header) return fail(Fault::corrupt, "age header: truncated");
    return open_header_with_passphrase(**header, bytes_of(text), with);
}

/// Quick to open.
std::string header_of(FileKey const& key) {
    testing::SeededRandomness randomness;
    auto const header = make_passphrase_header(key, passphrase, randomness, 4);
    REQUIRE(header);
    return std::string(text_of(*header));
}

}  // namespace

TEST_CASE("age_passphrase: opens what it wrapped, for nobody else") {
    testing::SeededRandomness randomness;
    auto const key = make_file_key(randomness);
    auto const header = header_of(key);
    auto const opened = open(header);
    REQUIRE(opened);
    CHECK(std::ranges::equal(opened->view(), key.view()));
    CHECK(open(header, bytes_of("correct horsf")).error().what ==
          "age: this is not the passphrase");
    auto const nothing = make_passphrase_header(key, {}, randomness, 4);
    REQUIRE_FALSE(nothing);
    CHECK(nothing.error().fault == Fault::usage);
}

TEST_CASE("age_passphrase: a whole file, with the work factor of real use") {
    testing::SeededRandomness randomness;
    auto const content = bytes_of("AGE-SECRET-KEY-1…");
    auto const file = encrypt_age_with_passphrase(passphrase, content, randomness);
    REQUIRE(file);
    CHECK(text_of(*file).find(" 18\n") != std::string_view::npos);
    auto const back = decrypt_age_with_passphrase(passphrase, *file, 100);
    REQUIRE(back);
    CHECK(text_of(*back) == text_of(content));
    CHECK(decrypt_age_with_passphrase(passphrase, *file, 5).error().fault == Fault::too_large);
}

TEST_CASE("age_passphrase: a file for an identity is told from one for a passphrase") {
    testing::SeededRandomness randomness;
    auto const identity = AgeIdentity::generate(randomness);
    auto const recipient = identity.recipient();
    auto const file = encrypt_age(std::span(&recipient, 1), bytes_of("x"), randomness);
    REQUIRE(file);
    auto const opened = decrypt_age_with_passphrase(passphrase, *file, 100);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().what == "age: no passphrase opens this file");
}
