#include "transfer/swarm_leftovers.h"

#include <set>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "src/base/unique_fd.h"
#include "tests/support/temp_folder.h"

using namespace satchel;
using namespace satchel::transfer;

namespace {

constexpr std::uint64_t file_bytes = 1024 * 1024;
constexpr std::uint64_t roomy = 100 * file_bytes;

ContentId id_of(Byte number) {
    ContentId id;
    id.bytes.fill(number);
    return id;
}

/// Files of swarms, each of a mebibyte, by number and how long ago somebody touched them.
class Leftovers {
public:
    void leave(Byte number, std::chrono::minutes ago) {
        auto const path = folder_ / id_of(number).to_hex();
        auto const file = open_file(path.string(), O_RDWR | O_CREAT);
        REQUIRE(file);
        REQUIRE(write_all_at(file->get(), Bytes(file_bytes, number), 0));
        // Most of it is a hole.
        REQUIRE(::ftruncate(file->get(), 50 * file_bytes) == 0);
        std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - ago);
    }

    /// Which are still there.
    std::set<int> after(LeftoverRule rule) {
        if (!rule.is_held) rule.is_held = [](ContentId const&) { return false; };
        remove_leftovers(folder_.path(), rule);
        std::set<int> numbers;
        for (int number = 0; number < 256; ++number)
            if (std::filesystem::exists(folder_ / id_of(static_cast<Byte>(number)).to_hex()))
                numbers.insert(number);
        return numbers;
    }

private:
    testing::TempFolder folder_;
};

using std::chrono::hours;
using std::chrono::minutes;

}  // namespace

TEST_CASE("swarm leftovers: what was given up goes, and what came whole some other way") {
    Leftovers files;
    files.leave(1, hours(25));
    files.leave(2, hours(23));
    files.leave(3, minutes(0));
    files.leave(4, hours(25));
    auto const is_held = [](ContentId const& id) { return id == id_of(3); };
    CHECK(files.after({{id_of(4)}, is_held, roomy}) == std::set{2, 4});
}

TEST_CASE("swarm leftovers: they take no more than their room, the oldest go first") {
    Leftovers files;
    files.leave(1, hours(3));
    files.leave(2, hours(9));
    files.leave(3, hours(1));
    files.leave(4, hours(20));
    std::uint64_t const slack = file_bytes / 2;  // what the file system needs for itself
    CHECK(files.after({{}, {}, 4 * file_bytes + slack}) == std::set{1, 2, 3, 4});
    CHECK(files.after({{id_of(4)}, {}, 2 * file_bytes + slack}) == std::set{1, 3, 4});
    CHECK(files.after({{}, {}, slack}).empty());
}

TEST_CASE("swarm leftovers: one that was touched just now may be coming into use") {
    Leftovers files;
    files.leave(1, minutes(0));
    files.leave(2, minutes(2));
    CHECK(files.after({{}, {}, 0}) == std::set{1});
}

TEST_CASE("swarm leftovers: a folder that is not there, and files of others") {
    testing::TempFolder const folder;
    remove_leftovers(folder / "nowhere", {});
    REQUIRE(open_file((folder / "notes").string(), O_RDWR | O_CREAT));
    remove_leftovers(folder.path(), {{}, {}, roomy});
    CHECK(std::filesystem::exists(folder / "notes"));
    CHECK(room_for_leftovers(folder.path()) > 0);
    CHECK(room_for_leftovers(folder / "nowhere") == 0);
}
