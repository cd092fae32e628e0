#include "src/base/sha256_lanes.h"

#include <vector>

#include <doctest/doctest.h>

using namespace satchel;

TEST_CASE("sha256_lanes: gives what one after the other gives, of every length of blocks") {
    if (!has_sha256_lanes()) return;
    for (std::size_t const lanes : {sha256_lanes, sha256_lanes_min}) {
        for (std::size_t const size : {0U, 64U, 128U, 192U, 4'096U, 16U * 1024}) {
            CAPTURE(size);
            // One byte on, so that nothing stands where registers like it.
            Bytes all(lanes * size + 1);
            for (std::size_t i = 0; i < all.size(); ++i)
                all[i] = static_cast<Byte>(i * 7 + i / 256 + i / 65'536);
            auto const messages = ByteSpan(all).subspan(1);
            std::vector<Sha256Digest> digests(lanes);
            sha256_of_lanes(messages, digests);
            for (std::size_t lane = 0; lane < lanes; ++lane) {
                CAPTURE(lane);
                CHECK(digests[lane] == sha256(messages.subspan(lane * size, size)));
            }
        }
    }
}

TEST_CASE("sha256_lanes: one long message beside them, however much of it waits") {
    constexpr std::size_t size = 16U * 1024;
    Bytes all(sha256_lanes * size);
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = static_cast<Byte>(i * 5 + i / 251);
    auto const messages = ByteSpan(all);
    for (std::size_t const lanes : {sha256_lanes, sha256_lanes_min}) {
        for (std::size_t const part :
             {std::size_t{1}, std::size_t{63}, std::size_t{64}, std::size_t{1'024},
              std::size_t{5'000}, lanes * size - 1, lanes * size, all.size()}) {
            CAPTURE(lanes);
            CAPTURE(part);
            Sha256Beside beside;
            Sha256 expected;
            // Twice, so that what is left over of a block goes on.
            for (int i = 0; i < 2; ++i) {
                beside.offer(messages.first(part));
                expected.update(messages.first(part));
                if (has_sha256_lanes()) {
                    std::vector<Sha256Digest> digests(lanes);
                    sha256_of_lanes(messages.first(lanes * size), digests, &beside);
                    for (std::size_t lane = 0; lane < lanes; ++lane)
                        CHECK(digests[lane] == sha256(messages.subspan(lane * size, size)));
                }
                beside.settle();
            }
            CHECK(beside.finish() == expected.finish());
            CHECK(beside.finish() == sha256({}));
        }
    }
}
