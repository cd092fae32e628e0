// How fast base64 goes on this machine: decode, and encode in lines, in MB/s of text.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "src/base/base64_decoder.h"
#include "src/base/base64_encoder.h"

using namespace satchel;

namespace {

constexpr std::size_t piece_bytes = 256 * 1024;
constexpr int rounds = 200;

template <class Work>
void measure(char const* what, std::size_t text_bytes, Work work) {
    double best = 1e9;
    for (int repeat = 0; repeat < 5; ++repeat) {
        auto const start = std::chrono::steady_clock::now();
        for (int i = 0; i < rounds; ++i)
            work();
        std::chrono::duration<double> const took = std::chrono::steady_clock::now() - start;
        best = std::min(best, took.count());
    }
    std::printf("%-28s %6.0f MB/s of text\n", what,
                static_cast<double>(text_bytes) * rounds / best / 1e6);
}

void measure_lines(std::size_t line) {
    Bytes content(piece_bytes);
    std::uint32_t state = 1;
    for (Byte& octet : content)
        octet = static_cast<Byte>((state = state * 1'664'525U + 1'013'904'223U) >> 24);
    std::string text;
    auto const encode = [&] {
        text.clear();
        Base64Encoder encoder(line);
        encoder.encode(content, text);
        encoder.finish(text);
    };
    encode();
    Bytes back;
    auto const decode = [&] {
        back.clear();
        Base64Decoder decoder;
        if (!decoder.decode(bytes_of(text), back) || !decoder.finish()) std::abort();
    };
    std::printf("line length %zu\n", line);
    measure("  encode", text.size(), encode);
    measure("  decode", text.size(), decode);
}

}  // namespace

int main() {
    for (std::size_t line : {76U, 64U, 46U, 0U})
        measure_lines(line);
}
