// C2SP/CCTV's vectors for age, as tests/fetch_age_vectors.sh lays them out. Armor and the
// post-quantum recipients are not Satchel's.
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "src/base/atomic_file.h"
#include "src/base/hex.h"
#include "src/base/sha256.h"
#include "transfer/age_file.h"
#include "transfer/age_passphrase.h"

using namespace satchel;
using namespace satchel::transfer;

namespace {

constexpr std::size_t vector_bytes_max = 64 * 1024 * 1024;
constexpr int vectors_in_package = 92;

struct Vector {
    std::string expect;
    std::string payload;  ///< SHA-256 of all that may be released
    std::vector<AgeIdentity> identities;
    std::string passphrase;  ///< "": by the identities
    Bytes file;
    bool ours = true;
};

Vector read_vector(std::filesystem::path const& path) {
    auto const bytes = read_whole_file(path, vector_bytes_max);
    REQUIRE(bytes);
    auto const text = text_of(*bytes);
    auto const end = text.find("\n\n");
    REQUIRE(end != std::string_view::npos);
    Vector vector;
    vector.file = copy_of(ByteSpan(*bytes).subspan(end + 2));
    auto const name = path.filename().string();
    vector.ours = name.find("hybrid") == std::string::npos;
    for (std::size_t at = 0; at < end;) {
        auto const line = text.substr(at, text.find('\n', at) - at);
        at += line.size() + 1;
        auto const colon = line.find(": ");
        REQUIRE(colon != std::string_view::npos);
        auto const key = line.substr(0, colon);
        auto const value = std::string(line.substr(colon + 2));
        if (key == "expect") {
            vector.expect = value;
        } else if (key == "payload") {
            vector.payload = value;
        } else if (key == "armored") {
            vector.ours = false;
        } else if (key == "passphrase") {
            vector.passphrase = value;
        } else if (key == "identity" && vector.ours) {
            auto identity = AgeIdentity::parse(value);
            REQUIRE(identity);
            vector.identities.push_back(std::move(*identity));
        }
    }
    return vector;
}

/// In the words of the vectors.
std::string outcome_of(Status const& status) {
    if (status) return "success";
    auto const& what = status.error().what;
    if (what.starts_with("age: ")) return "no match";
    if (what == "age header: MAC is wrong") return "HMAC failure";
    if (what.starts_with("age header: ")) return "header failure";
    // The vectors count the nonce to the header.
    if (what == "age payload: truncated in its nonce") return "header failure";
    if (what.starts_with("age payload: ")) return "payload failure";
    return what;
}

struct Decrypted {
    std::string outcome;
    std::string sha256;
};

Decrypted decrypt(Vector const& vector, std::size_t step) {
    Sha256 released;
    auto const out = [&](ByteSpan bytes) -> Status {
        released.update(bytes);
        return {};
    };
    AgeFileDecryptor by_identity(vector.identities);
    AgeFileDecryptor by_passphrase([&vector](AgeHeader const& header, ByteSpan text) {
        return open_header_with_passphrase(header, text, bytes_of(vector.passphrase));
    });
    AgeFileDecryptor& decryptor = vector.passphrase.empty() ? by_identity : by_passphrase;
    Status status;
    for (std::size_t at = 0; status && at < vector.file.size(); at += step) {
        auto const n = std::min(step, vector.file.size() - at);
        status = decryptor.write(ByteSpan(vector.file).subspan(at, n), out);
    }
    if (status) status = decryptor.finish(out);
    return {outcome_of(status), to_hex(released.finish())};
}

}  // namespace

TEST_CASE("age vectors: every one that concerns us ends as it should") {
    char const* const folder = std::getenv("SATCHEL_AGE_VECTORS");
    if (folder == nullptr) FAIL("SATCHEL_AGE_VECTORS must name the folder of the vectors");
    int run = 0;
    std::map<std::string, int> outcomes;
    for (auto const& entry : std::filesystem::directory_iterator(folder)) {
        auto const name = entry.path().filename().string();
        if (name.starts_with(".")) continue;
        CAPTURE(name);
        auto const vector = read_vector(entry.path());
        if (!vector.ours) continue;
        ++run;
        ++outcomes[vector.expect];
        for (std::size_t const step :
             {std::size_t{1} << 30U, std::size_t{65'537}, std::size_t{7}}) {
            if (step == 7 && vector.file.size() > 1'000'000) continue;
            CAPTURE(step);
            auto const got = decrypt(vector, step);
            CHECK(got.outcome == vector.expect);
            if (!vector.payload.empty()) CHECK(got.sha256 == vector.payload);
        }
    }
    std::cout << "age vectors run: " << run;
    for (auto const& [outcome, count] : outcomes)
        std::cout << ", " << outcome << " " << count;
    std::cout << '\n';
    CHECK(run == vectors_in_package);
}
