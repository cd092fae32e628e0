#include "src/core/home.h"

#include <cstdlib>
#include <optional>

#include <doctest/doctest.h>

#include "src/base/hex.h"
#include "src/base/sha256.h"
#include "tests/support/temp_folder.h"

using namespace satchel;
namespace fs = std::filesystem;

namespace {

/// Sets (or, without a value, unsets) a variable of the environment for a test's while.
class Variable {
public:
    Variable(char const* name, std::optional<std::string> const& value)
        : name_(name) {
        if (char const* const old = std::getenv(name)) old_ = old;
        put(value);
    }

    Variable(Variable const&) = delete;
    Variable& operator=(Variable const&) = delete;

    ~Variable() { put(old_); }

private:
    void put(std::optional<std::string> const& value) {
        if (value) {
            ::setenv(name_, value->c_str(), 1);
        } else {
            ::unsetenv(name_);
        }
    }

    char const* name_;
    std::optional<std::string> old_;
};

fs::perms mode_of(fs::path const& path) {
    return fs::status(path).permissions();
}

}  // namespace

TEST_CASE("home: is made private, with a place for its sockets") {
    testing::TempFolder folder;
    Home const home(folder / "a/b");
    REQUIRE(home.ensure());
    CHECK(mode_of(home.root()) == fs::perms::owner_all);
    CHECK(mode_of(home.node_socket().parent_path()) == fs::perms::owner_all);
    CHECK(home.node_socket() == home.root() / "run/node.sock");
    CHECK(home.gateway_socket() == home.root() / "run/gateway.sock");
    CHECK(home.ensure());
}

TEST_CASE("home: one that others may enter is refused, and says what to do") {
    testing::TempFolder folder;
    fs::path const open = folder / "open";
    fs::create_directory(open);
    for (unsigned const mode : {0755U, 0710U, 0701U}) {
        CAPTURE(mode);
        fs::permissions(open, fs::perms(mode));
        auto const ensured = Home(open).ensure();
        REQUIRE_FALSE(ensured);
        CHECK(ensured.error().fault == Fault::config);
        CHECK(ensured.error().what.find("chmod 700") != std::string::npos);
    }
    fs::permissions(open, fs::perms::owner_all);
    CHECK(Home(open).ensure());
}

TEST_CASE("home: a file in its place is refused") {
    testing::TempFolder folder;
    fs::create_symlink("/dev/null", folder / "file");
    CHECK_FALSE(Home(folder / "file").ensure());
}

TEST_CASE("home: the same by whatever name") {
    testing::TempFolder folder;
    fs::create_directory(folder / "real");
    fs::create_directory_symlink(folder / "real", folder / "link");
    CHECK(Home(folder / "link").root() == Home(folder / "real").root());
    CHECK(Home(folder / "real/../real").root() == Home(folder / "real").root());
    CHECK(Home("somewhere").root().is_absolute());
}

TEST_CASE("home: a long path has its sockets under the runtime directory") {
    testing::TempFolder runtime;
    Variable const variable("XDG_RUNTIME_DIR", runtime.path().string());
    testing::TempFolder folder;
    Home const one(folder / std::string(100, 'x'));
    Home const other(folder / std::string(100, 'y'));
    CHECK(one.node_socket().string().size() <= 100);
    CHECK(one.node_socket().parent_path().parent_path() == runtime.path());
    CHECK(one.node_socket() != other.node_socket());
    CHECK(one.node_socket() == Home(one.root()).node_socket());
    // The node and who asks it may be of different versions.
    auto const digest = to_hex(sha256(bytes_of(one.root().string())));
    CHECK(one.node_socket() == runtime / ("satchel-" + digest.substr(0, 16)) / "node.sock");
    REQUIRE(one.ensure());
    CHECK(mode_of(one.node_socket().parent_path()) == fs::perms::owner_all);
}

TEST_CASE("home: where it is by default") {
    Variable const user("HOME", "/home/bob");
    {
        Variable const satchel("SATCHEL_HOME", "/srv/satchel");
        CHECK(Home::default_root() == "/srv/satchel");
    }
    Variable const satchel("SATCHEL_HOME", std::nullopt);
    {
        Variable const data("XDG_DATA_HOME", "/data");
        CHECK(Home::default_root() == "/data/satchel");
    }
    {
        Variable const data("XDG_DATA_HOME", "relative");
        CHECK(Home::default_root() == "/home/bob/.local/share/satchel");
    }
    Variable const data("XDG_DATA_HOME", std::nullopt);
    CHECK(Home::default_root() == "/home/bob/.local/share/satchel");
}
