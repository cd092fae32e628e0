// How fast attachments go through encryption and hashing on one core: MB/s (10^6) of content by CPU
// time, median of five runs. Usage: age_bench [FOLDER for the blob's file, default .]
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "src/base/sodium_randomness.h"
#include "transfer/age_stream.h"
#include "transfer/merkle_root.h"
#include "transfer/outgoing_blob.h"

using namespace satchel;
using namespace satchel::transfer;

namespace {

constexpr std::size_t buffer_bytes = 256 * 1024;
constexpr std::size_t content_bytes = 512 * 1024 * 1024;

double cpu_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

template <class Work>
void measure(char const* what, Work const& work) {
    std::array<double, 5> took{};
    for (double& seconds : took) {
        double const start = cpu_seconds();
        work();
        seconds = cpu_seconds() - start;
    }
    std::sort(took.begin(), took.end());
    double const mb = static_cast<double>(content_bytes) / 1e6;
    std::printf("%-44s %6.0f MB/s  %5.2f CPU s/GB  (%.0f to %.0f MB/s)\n", what, mb / took[2],
                took[2] / mb * 1e3, mb / took[4], mb / took[0]);
}

void require(Status const& done) {
    if (done) return;
    std::fprintf(stderr, "%s\n", done.error().what.c_str());
    std::exit(1);
}

void encrypt_all(ByteSpan buffer, Randomness& randomness, ByteSink const& out) {
    BlobEncryptor encryptor(make_file_key(randomness), randomness);
    for (std::size_t done = 0; done < content_bytes; done += buffer.size())
        require(encryptor.write(buffer, out));
    require(encryptor.finish(out));
}

}  // namespace

int main(int count, char** arguments) {
    SystemRandomness randomness;
    Bytes buffer(buffer_bytes);
    randomness.fill(buffer);
    ByteSink const nowhere = [](ByteSpan) -> Status { return {}; };

    measure("encrypt", [&] { encrypt_all(buffer, randomness, nowhere); });
    measure("hash (BEP 52)", [&] {
        MerkleHasher hasher;
        for (std::size_t done = 0; done < content_bytes; done += buffer.size())
            hasher.write(buffer);
        if (!hasher.finish()) std::exit(1);
    });
    measure("encrypt, hash", [&] {
        MerkleHasher hasher;
        encrypt_all(buffer, randomness, [&](ByteSpan bytes) -> Status {
            hasher.write(bytes);
            return {};
        });
        if (!hasher.finish()) std::exit(1);
    });
    measure("outgoing blob: all that, SHA-256, write", [&] {
        std::size_t given = 0;
        auto const blob = make_outgoing_blob(
            [&](std::span<Byte> to) -> Result<std::size_t> {
                auto const n = std::min(to.size(), content_bytes - given);
                std::copy_n(buffer.begin(), n, to.begin());
                given += n;
                return n;
            },
            {count > 1 ? arguments[1] : "."}, randomness);
        if (!blob) require(fail(blob.error()));
    });

    auto const key = make_file_key(randomness);
    Bytes blob;
    blob.reserve(blob_bytes_for(content_bytes));
    BlobEncryptor encryptor(key, randomness);
    ByteSink const into_blob = [&](ByteSpan bytes) -> Status {
        append(blob, bytes);
        return {};
    };
    for (std::size_t done = 0; done < content_bytes; done += buffer.size())
        require(encryptor.write(buffer, into_blob));
    require(encryptor.finish(into_blob));
    measure("decrypt", [&] {
        BlobDecryptor decryptor(key);
        for (std::size_t at = 0; at < blob.size(); at += buffer_bytes) {
            auto const n = std::min(buffer_bytes, blob.size() - at);
            require(decryptor.write(ByteSpan(blob).subspan(at, n), nowhere));
        }
        require(decryptor.finish(nowhere));
    });
}
