#include "src/base/uncached_file.h"

#include <algorithm>
#include <array>
#include <string>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "src/base/unique_fd.h"
#include "tests/support/temp_folder.h"

using namespace satchel;
using satchel::testing::TempFolder;

namespace {

Bytes content_of(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<Byte>(i * 7 + i / 251);
    return bytes;
}

Bytes all_of(int fd, std::size_t read_bytes) {
    UncachedReader reader(fd);
    Bytes all;
    Bytes buffer(read_bytes);
    for (;;) {
        auto const got = reader.read(buffer);
        REQUIRE(got);
        if (*got == 0) return all;
        append(all, ByteSpan(buffer).first(*got));
    }
}

}  // namespace

TEST_CASE("uncached_file: what was written is read, wherever parts begin and end") {
    TempFolder const folder;
    std::size_t const size = 9 * 1024 * 1024 + 77;
    Bytes const content = content_of(size);
    // Memory knows no way past its cache: there it is an ordinary write.
    for (std::string const& place : {folder.path().string(), std::string("/dev/shm")}) {
        for (std::size_t const part :
             {std::size_t{512 * 1024}, std::size_t{4096}, std::size_t{70'001}}) {
            CAPTURE(place);
            CAPTURE(part);
            UniqueFd const at_offsets(::open(place.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
            UniqueFd const in_turn(::open(place.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
            REQUIRE(at_offsets);
            REQUIRE(in_turn);
            for (std::size_t at = 0; at < size; at += part) {
                auto const piece = ByteSpan(content).subspan(at, std::min(part, size - at));
                REQUIRE(write_uncached_at(at_offsets.get(), piece, at));
                REQUIRE(write_uncached(in_turn.get(), piece));
            }
            REQUIRE(sync_file(at_offsets.get()));
            CHECK(all_of(at_offsets.get(), 1024 * 1024) == content);
            CHECK(all_of(in_turn.get(), 100'003) == content);
        }
    }
}

TEST_CASE("uncached_file: a pipe takes it in turn, a full disk says so") {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    UniqueFd const out(ends[0]);
    UniqueFd const in(ends[1]);
    Bytes const word = content_of(1'000);
    REQUIRE(write_uncached(in.get(), word));
    Bytes got(word.size());
    CHECK(::read(out.get(), got.data(), got.size()) == static_cast<ssize_t>(got.size()));
    CHECK(got == word);

    auto const full = open_file("/dev/full", O_WRONLY);
    REQUIRE(full);
    auto const written = write_uncached(full->get(), word);
    REQUIRE_FALSE(written);
    CHECK(written.error().fault == Fault::no_space);
    auto const not_for_writing = open_file("/dev/null", O_RDONLY);
    REQUIRE(not_for_writing);
    CHECK_FALSE(write_uncached_at(not_for_writing->get(), word, 0));
}
