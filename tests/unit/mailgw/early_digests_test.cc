#include "mailgw/early_digests.h"

#include <doctest/doctest.h>

#include "tests/support/memory_file.h"

using namespace satchel;
using namespace satchel::mailgw;

namespace {

std::string const message = "Subject: x\r\n\r\ntext\r\n";

/// A message that is read from its start to its end.
void read_whole(EarlyDigests& early, std::string const& id) {
    UniqueFd const file = testing::memory_file(message);
    auto const following = early.follow(id, file.get());
    REQUIRE(following);
    following->grown_to(5);
    following->grown_to(message.size());
    following->complete();
}

}  // namespace

TEST_CASE("early_digests: what was read is taken once") {
    EarlyDigests early;
    CHECK_FALSE(early.take("one"));
    read_whole(early, "one");
    auto const digest = early.take("one");
    REQUIRE(digest);
    CHECK(digest->bytes == message.size());
    CHECK(digest->sha256 == sha256(bytes_of(message)));
    CHECK_FALSE(early.take("one"));
}

TEST_CASE("early_digests: nothing is kept of a message that was not kept") {
    EarlyDigests early;
    UniqueFd const file = testing::memory_file(message);
    auto following = early.follow("one", file.get());
    following->grown_to(5);
    following.reset();
    CHECK_FALSE(early.take("one"));
    read_whole(early, "two");
    early.drop("two");
    CHECK_FALSE(early.take("two"));
}

TEST_CASE("early_digests: a few are read at once, and the next when one has ended") {
    EarlyDigests early;
    UniqueFd const file = testing::memory_file(message);
    std::vector<std::unique_ptr<EarlyDigests::Following>> slow;
    for (std::size_t i = 0; i < EarlyDigests::at_once_max; ++i) {
        slow.push_back(early.follow(std::to_string(i), file.get()));
        CHECK(slow.back());
    }
    CHECK_FALSE(early.follow("one more", file.get()));
    slow.back()->complete();
    CHECK(early.take(std::to_string(slow.size() - 1)));
    read_whole(early, "one more");
    CHECK(early.take("one more"));
}

TEST_CASE("early_digests: what nobody takes does not grow without bound") {
    EarlyDigests early;
    for (std::size_t i = 0; i < EarlyDigests::kept_max + 5; ++i) {
        std::string const id = std::to_string(i);
        read_whole(early, id);
        // Read to its end; what would tell without taking it is nobody else's business.
        auto const digest = early.take(id);
        REQUIRE(digest);
    }
    for (std::size_t i = 0; i < 2 * EarlyDigests::kept_max; ++i) {
        UniqueFd const file = testing::memory_file(message);
        if (auto const following = early.follow("untaken" + std::to_string(i), file.get()))
            following->complete();
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < 2 * EarlyDigests::kept_max; ++i)
        if (early.take("untaken" + std::to_string(i))) ++kept;
    CHECK(kept <= EarlyDigests::kept_max);
}

TEST_CASE("early_digests: whoever waits is let go at the end") {
    EarlyDigests early;
    UniqueFd const file = testing::memory_file(message);
    auto const following = early.follow("one", file.get());
    REQUIRE(following);
    std::thread stopper([&] { early.abandon_all(); });
    CHECK_FALSE(early.take("one"));
    stopper.join();
    CHECK_FALSE(early.follow("two", file.get()));
}
