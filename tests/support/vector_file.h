// Test vectors: lines of `name: hex` in tests/vectors/NAME.txt, with `#` comments. A format that
// drifts from its file fails. SATCHEL_WRITE_VECTORS=1 writes the files anew: only for a new format.
#pragma once

#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "src/base/bytes.h"
#include "src/base/hex.h"

namespace satchel::testing {

class VectorFile {
public:
    explicit VectorFile(std::string const& name)
        : writes_(std::getenv("SATCHEL_WRITE_VECTORS") != nullptr) {
        char const* const folder = std::getenv("SATCHEL_VECTORS");
        path_ = std::string(folder == nullptr ? "tests/vectors" : folder) + "/" + name + ".txt";
        if (!writes_) read();
    }

    VectorFile(VectorFile const&) = delete;
    VectorFile& operator=(VectorFile const&) = delete;

    ~VectorFile() {
        if (!writes_) {
            CHECK_MESSAGE(checked_.size() == expected_.size(), path_ << ": lines nobody checks");
            return;
        }
        std::ofstream file(path_);
        file << "# name: hex. Checked by tests/unit/core; made with SATCHEL_WRITE_VECTORS=1.\n";
        for (auto const& [name, hex] : checked_)
            file << name << ": " << hex << '\n';
    }

    void check(std::string const& name, ByteSpan bytes) {
        std::string const hex = to_hex(bytes);
        checked_.emplace_back(name, hex);
        if (writes_) return;
        CAPTURE(path_);
        CAPTURE(name);
        CHECK(expected_[name] == hex);
    }

private:
    void read() {
        std::ifstream file(path_);
        CHECK_MESSAGE(file.good(), path_ << ": no such file");
        for (std::string line; std::getline(file, line);) {
            std::size_t const colon = line.find(": ");
            if (line.starts_with('#') || colon == std::string::npos) continue;
            expected_[line.substr(0, colon)] = line.substr(colon + 2);
        }
    }

    bool writes_;
    std::string path_;
    std::map<std::string, std::string> expected_;
    std::vector<std::pair<std::string, std::string>> checked_;
};

}  // namespace satchel::testing
