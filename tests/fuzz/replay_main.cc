// Runs a fuzz target on the files given, and on cut and bent versions of each: the seeds as an
// ordinary test, without a fuzzer.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace {

void run(std::string_view text) {
    LLVMFuzzerTestOneInput(reinterpret_cast<std::uint8_t const*>(text.data()), text.size());
}

void run_versions(std::string const& text) {
    run(text);
    for (std::size_t size = 0; size < text.size(); size += 13)
        run(std::string_view(text).substr(0, size));
    for (std::size_t at = 0; at < text.size(); at += 11) {
        std::string bent = text;
        bent[at] = static_cast<char>(bent[at] ^ static_cast<char>(1 + at % 127));
        run(bent);
        bent.erase(at, 1 + at % 5);
        run(bent);
    }
}

}  // namespace

int main(int count, char** names) {
    for (int i = 1; i < count; ++i) {
        std::ifstream in(names[i], std::ios::binary);
        std::string const text{std::istreambuf_iterator<char>(in),
                               std::istreambuf_iterator<char>()};
        if (!in || text.empty()) {
            std::fprintf(stderr, "%s can't be read\n", names[i]);
            return 1;
        }
        run_versions(text);
    }
    return 0;
}
