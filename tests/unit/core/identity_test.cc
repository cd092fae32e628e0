#include "src/core/identity.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <doctest/doctest.h>

#include "tests/support/seeded_randomness.h"
#include "tests/support/temp_folder.h"

using namespace satchel;
namespace fs = std::filesystem;

namespace {

Identity some_identity() {
    testing::SeededRandomness randomness;
    std::vector<Address> addresses{*Address::parse("bob@b.test"), *Address::parse("b@b.test")};
    return generate_identity(std::move(addresses), randomness);
}

std::string content(fs::path const& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

void write(fs::path const& file, std::string const& text) {
    std::ofstream(file) << text;
    fs::permissions(file, fs::perms(0600));
}

}  // namespace

TEST_CASE("identity: is what was saved") {
    testing::TempFolder home;
    Identity identity = some_identity();
    testing::SeededRandomness more("more");
    identity.age.push_back(AgeIdentity::generate(more));
    REQUIRE(save_identity(identity, home.path()));
    auto const loaded = load_identity(home.path());
    REQUIRE(loaded);
    CHECK(loaded->addresses == identity.addresses);
    CHECK(loaded->user_public() == identity.user_public());
    CHECK(loaded->node_public() == identity.node_public());
    REQUIRE(loaded->age.size() == 2);
    CHECK(loaded->recipient() == identity.recipient());
    CHECK(loaded->age[1].recipient() == identity.age[1].recipient());
    CHECK(loaded->user_public().bytes != loaded->node_public().bytes);
}

TEST_CASE("identity: key files are the owner's alone") {
    testing::TempFolder home;
    REQUIRE(save_identity(some_identity(), home.path()));
    CHECK(fs::status(home / "keys").permissions() == fs::perms::owner_all);
    for (std::string const name : {"user.key", "node.key", "age.key"}) {
        fs::path const file = home.path() / "keys" / name;
        CHECK(fs::status(file).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
        fs::permissions(file, fs::perms(0640));
        auto const loaded = load_identity(home.path());
        REQUIRE_FALSE(loaded);
        CHECK(loaded.error().fault == Fault::config);
        CHECK(loaded.error().what.find(std::string("chmod 600 ") + file.string()) !=
              std::string::npos);
        fs::permissions(file, fs::perms(0600));
    }
    CHECK(load_identity(home.path()));
}

TEST_CASE("identity: keys that exist are not replaced") {
    testing::TempFolder home;
    fs::create_directory(home / "keys");
    write(home / "keys/age.key", "precious");
    auto const saved = save_identity(some_identity(), home.path());
    REQUIRE_FALSE(saved);
    CHECK(saved.error().fault == Fault::refused);
    CHECK(content(home / "keys/age.key") == "precious");
    CHECK_FALSE(fs::exists(home / "keys/user.key"));
}

TEST_CASE("identity: none says how to make one") {
    testing::TempFolder home;
    auto const loaded = load_identity(home.path());
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().fault == Fault::not_found);
    auto const advice = "satchel --home " + home.path().string() + " init";
    CHECK(loaded.error().what.find(advice) != std::string::npos);
}

TEST_CASE("identity: damage is told, secrets are not") {
    struct Row {
        std::string why;
        std::string file;
        std::string text;
    };

    std::string const seed(43, 'A');
    for (Row const& row : {
             Row{"empty key", "user.key", ""},
             Row{"short key", "user.key", seed.substr(4) + "=\n"},
             Row{"key with foreign characters", "node.key", '!' + seed.substr(1) + "=\n"},
             Row{"age file of comments", "age.key", "# nothing\n"},
             Row{"broken age identity", "age.key", "AGE-SECRET-KEY-1QQQ\n"},
             Row{"addresses", "addresses", "bob@b.test\nSECRETNESS\n"},
             Row{"large key file", "age.key", std::string(100'000, '#')},
         }) {
        CAPTURE(row.why);
        testing::TempFolder home;
        REQUIRE(save_identity(some_identity(), home.path()));
        write(home.path() / "keys" / row.file, row.text);
        auto const loaded = load_identity(home.path());
        REQUIRE_FALSE(loaded);
        CHECK((loaded.error().fault == Fault::config || loaded.error().fault == Fault::too_large));
        CHECK(loaded.error().what.find(row.file) != std::string::npos);
        CHECK(loaded.error().what.find("SECRET-KEY-1QQQ") == std::string::npos);
    }
}

TEST_CASE("identity: a missing part of one is damage, not absence") {
    for (std::string const name : {"node.key", "age.key", "addresses"}) {
        CAPTURE(name);
        testing::TempFolder home;
        REQUIRE(save_identity(some_identity(), home.path()));
        fs::remove(home.path() / "keys" / name);
        auto const loaded = load_identity(home.path());
        REQUIRE_FALSE(loaded);
        CHECK(loaded.error().fault == Fault::config);
    }
}

TEST_CASE("identity: an age identity file of anybody's making") {
    testing::TempFolder folder;
    testing::SeededRandomness randomness;
    AgeIdentity const one = AgeIdentity::generate(randomness);
    AgeIdentity const two = AgeIdentity::generate(randomness);
    fs::path const file = folder / "key.txt";
    write(file, "# created: today\r\n\r\n" + one.to_secret_string() + "\r\n  # more\n" +
                    two.to_secret_string());
    fs::permissions(file, fs::perms(0644));
    auto const loaded = load_age_identities(file);
    REQUIRE(loaded);
    REQUIRE(loaded->size() == 2);
    CHECK((*loaded)[0].recipient() == one.recipient());
    CHECK((*loaded)[1].recipient() == two.recipient());

    write(file, "# one\nnonsense\n");
    auto const broken = load_age_identities(file);
    REQUIRE_FALSE(broken);
    CHECK(broken.error().fault == Fault::corrupt);
    CHECK(broken.error().what.find("key.txt:2: ") != std::string::npos);
    CHECK(load_age_identities(folder / "none").error().fault == Fault::not_found);
}

TEST_CASE("identity: addresses may change, keys stay") {
    testing::TempFolder home;
    Identity const identity = some_identity();
    REQUIRE(save_identity(identity, home.path()));
    std::vector<Address> const addresses{*Address::parse("\"new one\"@b.test")};
    REQUIRE(save_addresses(addresses, home.path()));
    auto const loaded = load_identity(home.path());
    REQUIRE(loaded);
    CHECK(loaded->addresses == addresses);
    CHECK(loaded->user_public() == identity.user_public());
}

TEST_CASE("identity: a domain's key, once") {
    testing::TempFolder home;
    testing::SeededRandomness randomness;
    SigningKey const key = SigningKey::generate(randomness);
    auto const none = load_domain_key("b.test", home.path());
    REQUIRE_FALSE(none);
    CHECK(none.error().fault == Fault::not_found);
    CHECK(none.error().what.find("run: satchel --home " + home.path().string() +
                                 " domain init b.test") != std::string::npos);

    REQUIRE(save_domain_key(key, "B.test", home.path()));
    auto const loaded = load_domain_key("b.TEST", home.path());
    REQUIRE(loaded);
    CHECK(loaded->public_key() == key.public_key());
    CHECK(save_domain_key(SigningKey::generate(randomness), "b.test", home.path()).error().fault ==
          Fault::refused);
    CHECK(load_domain_key("b.test", home.path())->public_key() == key.public_key());
    CHECK_FALSE(save_domain_key(key, "../b.test", home.path()));
    // A domain key alone does not make a user.
    CHECK(load_identity(home.path()).error().fault == Fault::not_found);
    CHECK(save_identity(some_identity(), home.path()));
}

TEST_CASE("identity: exported user keys make the same user on another device") {
    testing::SeededRandomness more("more");
    Identity identity = some_identity();
    identity.age.push_back(AgeIdentity::generate(more));
    auto const text = user_keys_text(identity);
    auto const other = identity_from_user_keys(bytes_of(text), more);
    REQUIRE(other);
    CHECK(other->addresses == identity.addresses);
    CHECK(other->user_public() == identity.user_public());
    REQUIRE(other->age.size() == 2);
    CHECK(other->recipient() == identity.recipient());
    CHECK(other->node_public() != identity.node_public());
}

TEST_CASE("identity: damaged user keys are refused, and never quoted") {
    std::string const good = user_keys_text(some_identity());
    std::string const key_line = good.substr(good.find("user-key "), 9 + 44 + 1);

    struct Row {
        std::string why;
        std::string text;
        std::string trouble;
    };

    for (Row const& row : {
             Row{"nothing", "", "this holds no user keys"},
             Row{"no user key", "address bob@b.test\n", "this holds no user keys"},
             Row{"no age identity", key_line, "this holds no user keys"},
             Row{"two user keys", key_line + key_line, "user keys: line 2 is damaged"},
             Row{"a short key", "user-key AAAA\n", "user keys: line 1 is damaged"},
             Row{"no address", "address nobody\n", "user keys: line 1 is damaged"},
             Row{"other words", good + "secret words\n", "is damaged"},
         }) {
        CAPTURE(row.why);
        testing::SeededRandomness randomness;
        auto const read = identity_from_user_keys(bytes_of(row.text), randomness);
        REQUIRE_FALSE(read);
        CHECK(read.error().fault == Fault::corrupt);
        CHECK(read.error().what.find(row.trouble) != std::string::npos);
        CHECK(read.error().what.find("secret words") == std::string::npos);
    }
}

TEST_CASE("identity: a domain's new key follows the old ones, which stay") {
    testing::TempFolder home;
    testing::SeededRandomness randomness("rotation");
    auto const public_keys = [&] {
        std::vector<PublicKey> keys;
        auto const loaded = load_domain_keys("b.test", home.path());
        REQUIRE(loaded);
        for (SigningKey const& key : *loaded)
            keys.push_back(key.public_key());
        return keys;
    };
    auto const first = SigningKey::generate(randomness);
    CHECK(replace_domain_key(first, "b.test", home.path()).error().fault == Fault::not_found);
    CHECK(load_domain_keys("b.test", home.path()).error().fault == Fault::not_found);
    REQUIRE(save_domain_key(first, "b.test", home.path()));
    CHECK(public_keys() == std::vector{first.public_key()});
    auto const second = SigningKey::generate(randomness);
    auto const third = SigningKey::generate(randomness);
    REQUIRE(replace_domain_key(second, "B.test", home.path()));
    REQUIRE(replace_domain_key(third, "b.test", home.path()));
    CHECK(load_domain_key("b.test", home.path())->public_key() == third.public_key());
    CHECK(public_keys() ==
          std::vector{third.public_key(), second.public_key(), first.public_key()});
    // As after a power cut between the two steps of a replacement.
    auto const folder = home.path() / "keys" / "domain";
    std::filesystem::create_hard_link(folder / "b.test.key", folder / "b.test.key.old-3");
    CHECK(public_keys() ==
          std::vector{third.public_key(), second.public_key(), first.public_key()});
    auto const fourth = SigningKey::generate(randomness);
    REQUIRE(replace_domain_key(fourth, "b.test", home.path()));
    CHECK(public_keys() == std::vector{fourth.public_key(), third.public_key(), second.public_key(),
                                       first.public_key()});
}
