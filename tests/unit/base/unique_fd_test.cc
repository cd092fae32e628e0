#include "src/base/unique_fd.h"

#include <csignal>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/support/temp_folder.h"

using namespace satchel;

namespace {

bool is_open(int fd) {
    return ::fcntl(fd, F_GETFD) >= 0;
}

}  // namespace

TEST_CASE("unique_fd: closes once, whoever held it last") {
    auto opened = open_file("/dev/null", O_RDONLY);
    REQUIRE(opened);
    int const raw = opened->get();
    CHECK((::fcntl(raw, F_GETFD) & FD_CLOEXEC) != 0);
    {
        UniqueFd moved = std::move(*opened);
        CHECK(moved.get() == raw);
        auto const second = moved.duplicate();
        REQUIRE(second);
        CHECK(second->get() != raw);
        UniqueFd assigned;
        CHECK_FALSE(assigned);
        assigned = std::move(moved);
        CHECK(assigned.get() == raw);
        CHECK(is_open(raw));
    }
    CHECK_FALSE(is_open(raw));

    UniqueFd given = std::move(*open_file("/dev/null", O_RDONLY));
    int const released = given.release();
    { UniqueFd const gone = std::move(given); }
    CHECK(is_open(released));
    ::close(released);
}

TEST_CASE("unique_fd: reads and writes whole, at a place") {
    testing::TempFolder folder;
    auto const fd = open_file(folder / "file", O_RDWR | O_CREAT);
    REQUIRE(fd);
    REQUIRE(write_all(fd->get(), bytes_of("0123456789")));
    REQUIRE(write_all_at(fd->get(), bytes_of("ab"), 9));
    CHECK(*file_size(fd->get()) == 11);
    Bytes part(4);
    CHECK(*read_at(fd->get(), part, 8) == 3);
    CHECK(text_of(ByteSpan(part).first(3)) == "8ab");
    CHECK(*read_at(fd->get(), part, 100) == 0);
    CHECK(sync_file(fd->get()));
}

TEST_CASE("unique_fd: a large write goes through a small pipe whole") {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    UniqueFd const reader(ends[0]);
    UniqueFd const writer(ends[1]);
    Bytes const much(100, 7);
    REQUIRE(write_all(writer.get(), much));
    Bytes back(200);
    CHECK(::read(reader.get(), back.data(), back.size()) == 100);
}

TEST_CASE("unique_fd: the fault tells what to do") {
    testing::TempFolder folder;
    CHECK(open_file(folder / "none", O_RDONLY).error().fault == Fault::not_found);
    auto const missing = open_file(folder / "none", O_RDONLY);
    CHECK(missing.error().what == (folder / "none").string() + ": No such file or directory");

    auto const full = open_file("/dev/full", O_WRONLY);
    REQUIRE(full);
    CHECK(write_all(full->get(), bytes_of("x")).error().fault == Fault::no_space);

    auto const read_only = open_file("/dev/null", O_RDONLY);
    REQUIRE(read_only);
    CHECK(write_all(read_only->get(), bytes_of("x")).error().fault == Fault::io);
    CHECK(write_all_at(read_only->get(), bytes_of("x"), 0).error().fault == Fault::io);
    Bytes out(1);
    CHECK(read_at(-1, out, 0).error().fault == Fault::io);
    CHECK(sync_file(-1).error().fault == Fault::io);
    CHECK(file_size(-1).error().fault == Fault::io);
    CHECK_FALSE(UniqueFd().duplicate());
}

TEST_CASE("unique_fd: a file that may not grow is a full disk") {
    testing::TempFolder folder;
    auto const fd = open_file(folder / "file", O_RDWR | O_CREAT);
    REQUIRE(fd);
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit small = before;
    small.rlim_cur = 10;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    auto const written = write_all(fd->get(), Bytes(20));
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    REQUIRE_FALSE(written);
    CHECK(written.error().fault == Fault::no_space);
}
