#include "src/core/age_key.h"

#include <doctest/doctest.h>

#include "tests/support/seeded_randomness.h"

using namespace satchel;

namespace {

struct Pair {
    std::string identity;
    std::string recipient;
};

Pair seeded_pair() {
    testing::SeededRandomness randomness;
    AgeIdentity const identity = AgeIdentity::generate(randomness);
    return {identity.to_secret_string(), identity.recipient().to_string()};
}

}  // namespace

// Made by age-keygen 1.1.1 for this test.
TEST_CASE("age_key: agrees with age-keygen") {
    auto const identity = AgeIdentity::parse(
        "AGE-SECRET-KEY-1HUN7YT4SUX4040N6WNXZJ7Q6L4AT6MS4SJ8Z26PYLA7JDCK2N0UQY5EX8V");
    REQUIRE(identity);
    CHECK(identity->recipient().to_string() ==
          "age1q3qvgnt3y5amjzn4edwr9dtwj9y5xxf20pqnrn5xpeh0ls4vrufslhrwsk");
    CHECK(identity->to_secret_string() ==
          "AGE-SECRET-KEY-1HUN7YT4SUX4040N6WNXZJ7Q6L4AT6MS4SJ8Z26PYLA7JDCK2N0UQY5EX8V");
}

TEST_CASE("age_key: reads what it wrote") {
    Pair const pair = seeded_pair();
    auto const identity = AgeIdentity::parse(pair.identity);
    REQUIRE(identity);
    CHECK(identity->copy().recipient().to_string() == pair.recipient);
    auto const recipient = AgeRecipient::parse(pair.recipient);
    REQUIRE(recipient);
    CHECK(*recipient == identity->recipient());
}

TEST_CASE("age_key: any one character changed is noticed") {
    Pair const pair = seeded_pair();
    for (std::size_t at = 0; at < pair.recipient.size(); ++at) {
        CAPTURE(at);
        std::string bent = pair.recipient;
        bent[at] = bent[at] == 'q' ? 'p' : 'q';
        CHECK_FALSE(AgeRecipient::parse(bent));
    }
    for (std::size_t at = 0; at < pair.identity.size(); ++at) {
        CAPTURE(at);
        std::string bent = pair.identity;
        bent[at] = bent[at] == 'Q' ? 'P' : 'Q';
        CHECK_FALSE(AgeIdentity::parse(bent));
    }
}

TEST_CASE("age_key: refuses what age would not have written") {
    struct Row {
        char const* why;
        std::string text;
    };

    Pair const pair = seeded_pair();
    std::string upper = pair.recipient;
    for (char& c : upper)
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    for (Row const& row :
         {Row{"empty", ""}, Row{"short", pair.recipient.substr(0, 61)},
          Row{"long", pair.recipient + "q"}, Row{"upper case", upper},
          Row{"mixed case", "age1" + upper.substr(4)}, Row{"an identity", pair.identity},
          Row{"other kind", "agf" + pair.recipient.substr(3)},
          Row{"white space", pair.recipient.substr(0, 61) + " "}}) {
        CAPTURE(row.why);
        auto const recipient = AgeRecipient::parse(row.text);
        REQUIRE_FALSE(recipient);
        CHECK(recipient.error().fault == Fault::usage);
    }
    CHECK_FALSE(AgeIdentity::parse(pair.recipient));
    CHECK_FALSE(AgeIdentity::parse(pair.identity.substr(1)));
}

TEST_CASE("age_key: no secret in an error") {
    Pair const pair = seeded_pair();
    auto const wrong = AgeIdentity::parse(pair.identity.substr(0, pair.identity.size() - 1) + "B");
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().what.find(pair.identity.substr(16, 6)) == std::string::npos);
}
