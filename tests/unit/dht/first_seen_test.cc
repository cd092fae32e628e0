#include "dht/first_seen.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include "src/base/unique_fd.h"
#include "tests/support/await_on.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/core/samples.h"

using namespace satchel;
using namespace satchel::location;
using namespace satchel::testing;

namespace {

UserKey user(std::string_view name) {
    return UserKey(sample_key(name).public_key());
}

}  // namespace

TEST_CASE("first_seen: who counts") {
    struct Row {
        char const* why;
        std::optional<UserKey> remembered;
        std::vector<UserKey> claimants;
        std::optional<UserKey> counts;
        bool is_new;
        bool alarm;
    };

    for (Row const& row :
         {Row{"nobody", {}, {}, {}, false, false},
          Row{"the first", {}, {user("bob")}, user("bob"), true, false},
          Row{"the same, in two copies", {}, {user("bob"), user("bob")}, user("bob"), true, false},
          Row{"two at once", {}, {user("bob"), user("eve")}, {}, false, true},
          Row{"as before", user("bob"), {user("bob")}, user("bob"), false, false},
          Row{"away", user("bob"), {}, user("bob"), false, false},
          Row{"another", user("bob"), {user("eve")}, {}, false, true},
          Row{"another beside", user("bob"), {user("bob"), user("eve")}, {}, false, true}}) {
        CAPTURE(row.why);
        auto const verdict = judge_claimants(sample_address(), row.remembered, row.claimants);
        CHECK(verdict.counts == row.counts);
        CHECK(verdict.is_new == row.is_new);
        CHECK(verdict.alarm.empty() != row.alarm);
        if (row.alarm) CHECK(verdict.alarm.find("satchel contact") != std::string::npos);
    }
}

TEST_CASE("first_seen: the first is remembered, the next is told as an alarm") {
    TempFolder folder;
    asio::io_context io;
    WorkerPool workers(io, 1);
    auto const fd = open_file((folder.path() / "log").string(), O_CREAT | O_WRONLY);
    REQUIRE(fd);
    EventLog const log(fd->get());
    auto memory = TrustMemory::open(folder.path() / "trust.db");
    REQUIRE(memory);
    FirstSeen first_seen(*memory, workers, log);
    auto const settle = [&](std::vector<UserKey> claimants) {
        auto verdict = await_on(io, first_seen.settle(sample_address(), std::move(claimants), 7));
        REQUIRE(verdict);
        return *verdict;
    };
    CHECK_FALSE(settle({}).counts);
    CHECK(settle({user("bob")}).counts == user("bob"));
    CHECK_FALSE(settle({user("eve")}).alarm.empty());
    CHECK(settle({}).counts == user("bob"));
    CHECK(*memory->forget_first_seen(sample_address()));
    CHECK(settle({user("eve")}).counts == user("eve"));
    REQUIRE(memory->forget_first_seen(sample_address()));
    REQUIRE(SqliteDatabase::open(folder.path() / "trust.db", 1, "")
                ->execute("INSERT INTO first_seen VALUES ('bob@b.test', zeroblob(3), 1)"));
    CHECK(await_on(io, first_seen.settle(sample_address(), {user("bob")}, 7)).error().fault ==
          Fault::corrupt);
}
