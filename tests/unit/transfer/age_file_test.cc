#include "transfer/age_file.h"

#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include "src/base/unique_fd.h"
#include "tests/support/seeded_randomness.h"

using namespace satchel;
using namespace satchel::transfer;
using satchel::testing::SeededRandomness;

namespace {

struct Pipe {
    Pipe() {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        from = UniqueFd(ends[0]);
        to = UniqueFd(ends[1]);
    }

    UniqueFd from;
    UniqueFd to;
};

std::vector<AgeIdentity> one_identity(Randomness& randomness) {
    std::vector<AgeIdentity> identities;
    identities.push_back(AgeIdentity::generate(randomness));
    return identities;
}

Bytes drain(int fd) {
    Bytes all;
    Bytes buffer(10'000);
    for (;;) {
        auto const n = ::read(fd, buffer.data(), buffer.size());
        if (n <= 0) return all;
        append(all, ByteSpan(buffer).first(static_cast<std::size_t>(n)));
    }
}

}  // namespace

TEST_CASE("age file: small ones in memory, with a bound") {
    SeededRandomness randomness;
    auto const identities = one_identity(randomness);
    AgeRecipient const recipients[] = {identities.front().recipient()};
    Bytes const content(1'000, 0x42);
    auto const file = encrypt_age(recipients, content, randomness);
    REQUIRE(file);
    auto const back = decrypt_age(identities, *file, 1'000);
    REQUIRE(back);
    CHECK(*back == content);

    auto const over = decrypt_age(identities, *file, 999);
    REQUIRE_FALSE(over);
    CHECK(over.error().fault == Fault::too_large);
    auto const strangers = one_identity(randomness);
    auto const stranger = decrypt_age(strangers, *file, 1'000);
    REQUIRE_FALSE(stranger);
    CHECK(stranger.error().what == "age: no identity matches");
}

TEST_CASE("age file: every cut is told, none passes for the whole") {
    SeededRandomness randomness;
    auto const identities = one_identity(randomness);
    AgeRecipient const recipients[] = {identities.front().recipient()};
    auto const file = encrypt_age(recipients, bytes_of("hello"), randomness);
    REQUIRE(file);
    for (std::size_t n = 0; n < file->size(); ++n) {
        CAPTURE(n);
        auto const cut = decrypt_age(identities, ByteSpan(*file).first(n), 100);
        REQUIRE_FALSE(cut);
        CHECK(cut.error().fault == Fault::corrupt);
        CHECK(cut.error().what.find("truncated") != std::string::npos);
    }
}

TEST_CASE("age file: streams through pipes") {
    SeededRandomness randomness;
    auto const identities = one_identity(randomness);
    AgeRecipient const recipients[] = {identities.front().recipient()};
    Bytes const content(3'000'000, 0x17);
    Pipe plain;
    Pipe sealed;
    Pipe opened;
    std::thread source([&] {
        CHECK(write_all(plain.to.get(), content));
        plain.to = UniqueFd();
    });
    std::thread encrypting([&] {
        CHECK(encrypt_age_stream(recipients, plain.from.get(), sealed.to.get(), randomness));
        UniqueFd const closed = std::move(sealed.to);
    });
    std::thread decrypting([&] {
        CHECK(decrypt_age_stream(identities, sealed.from.get(), opened.to.get()));
        UniqueFd const closed = std::move(opened.to);
    });
    auto const back = drain(opened.from.get());
    source.join();
    encrypting.join();
    decrypting.join();
    CHECK(back == content);
}
