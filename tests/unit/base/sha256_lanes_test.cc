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
