// With the real `age` and `age-keygen`, both ways.
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <vector>

#include <doctest/doctest.h>

#include "src/base/atomic_file.h"
#include "tests/support/seeded_randomness.h"
#include "tests/support/temp_folder.h"
#include "transfer/age_file.h"

using namespace satchel;
using namespace satchel::transfer;
using satchel::testing::SeededRandomness;
using satchel::testing::TempFolder;

namespace {

constexpr std::size_t sizes[] = {0, 1, 65'535, 65'536, 65'537, 1'000'000};

bool run(std::filesystem::path const& folder, std::string const& command) {
    return std::system(("cd '" + folder.string() + "' && " + command).c_str()) == 0;
}

Bytes read(std::filesystem::path const& path) {
    auto bytes = read_whole_file(path, 16 * 1024 * 1024);
    REQUIRE(bytes);
    return *bytes;
}

/// Made by age-keygen: `# public key: age1…` and AGE-SECRET-KEY-1….
AgeIdentity keygen(TempFolder const& folder, std::string const& name) {
    REQUIRE(run(folder.path(), "age-keygen -o " + name + " 2>/dev/null"));
    std::istringstream lines{std::string(text_of(read(folder / name)))};
    std::string recipient;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("# public key: ")) recipient = line.substr(14);
        if (!line.starts_with("AGE-SECRET-KEY-1")) continue;
        auto identity = AgeIdentity::parse(line);
        REQUIRE(identity);
        CHECK(identity->recipient().to_string() == recipient);
        return std::move(*identity);
    }
    FAIL("age-keygen wrote no identity");
    std::abort();
}

}  // namespace

TEST_CASE("age interop: age opens what we seal, as a file and as grant and blob") {
    TempFolder const folder;
    SeededRandomness randomness;
    auto const bob = keygen(folder, "bob.key");
    auto const carol = keygen(folder, "carol.key");
    std::vector<AgeRecipient> const both{bob.recipient(), carol.recipient()};
    for (std::size_t const size : sizes) {
        CAPTURE(size);
        Bytes content(size);
        randomness.fill(std::span(content).first(std::min<std::size_t>(size, 4'096)));
        auto const sealed = encrypt_age(both, content, randomness);
        REQUIRE(sealed);
        REQUIRE(write_atomically(folder / "sealed.age", *sealed));
        for (char const* key : {"bob.key", "carol.key"}) {
            CAPTURE(key);
            REQUIRE(run(folder.path(), "age -d -i " + std::string(key) + " sealed.age > out"));
            CHECK(read(folder / "out") == content);
        }

        auto const file_key = make_file_key(randomness);
        Bytes blob;
        auto const into_blob = [&](ByteSpan bytes) -> Status {
            append(blob, bytes);
            return {};
        };
        BlobEncryptor encryptor(file_key, randomness);
        REQUIRE(encryptor.write(content, into_blob));
        REQUIRE(encryptor.finish(into_blob));
        REQUIRE(write_atomically(folder / "blob", blob));
        for (auto const* identity : {&bob, &carol}) {
            auto const grant = make_grant(file_key, identity->recipient(), randomness);
            REQUIRE(grant);
            REQUIRE(write_atomically(folder / "grant", *grant));
            std::string const key = identity == &bob ? "bob.key" : "carol.key";
            REQUIRE(run(folder.path(), "cat grant blob | age -d -i " + key + " > out"));
            CHECK(read(folder / "out") == content);
        }
    }
}

TEST_CASE("age interop: we open what age seals") {
    TempFolder const folder;
    SeededRandomness randomness;
    std::vector<AgeIdentity> bob;
    bob.push_back(keygen(folder, "bob.key"));
    std::vector<AgeIdentity> carol;
    carol.push_back(keygen(folder, "carol.key"));
    auto const recipients =
        "-r " + bob[0].recipient().to_string() + " -r " + carol[0].recipient().to_string();
    for (std::size_t const size : sizes) {
        CAPTURE(size);
        Bytes content(size);
        randomness.fill(std::span(content).first(std::min<std::size_t>(size, 4'096)));
        REQUIRE(write_atomically(folder / "plain", content));
        REQUIRE(run(folder.path(), "age " + recipients + " -o sealed.age plain"));
        auto const sealed = read(folder / "sealed.age");
        for (auto const* identities : {&bob, &carol}) {
            auto const opened = decrypt_age(*identities, sealed, 2'000'000);
            REQUIRE(opened);
            CHECK(*opened == content);
        }
    }
}
