#include "dht/notice_quota.h"

#include <doctest/doctest.h>

using namespace satchel;
using namespace satchel::location;

namespace {

constexpr std::uint64_t now = 1'800'000'000;
constexpr std::uint64_t later = now + 900;

DhtKey key(Byte number) {
    DhtKey key;
    key.bytes[0] = number;
    return key;
}

}  // namespace

TEST_CASE("notice quota: a source has its share of an inbox, and a share again after its end") {
    NoticeQuota quota;
    for (std::size_t i = 0; i < limits::notices_per_source; ++i)
        CHECK(quota.take(key(1), "192.0.2.1", later, now));
    CHECK_FALSE(quota.take(key(1), "192.0.2.1", later, now));
    CHECK(quota.take(key(1), "192.0.2.2", later, now));
    CHECK(quota.take(key(2), "192.0.2.1", later, now));
    CHECK_FALSE(quota.take(key(1), "192.0.2.1", later, later - 1));
    CHECK(quota.take(key(1), "192.0.2.1", later + 900, later));
}

TEST_CASE("notice quota: an inbox has an end, whoever fills it, and exempt ones count") {
    NoticeQuota quota;
    for (std::size_t i = 0; i < limits::notices_per_key; ++i)
        CHECK(quota.take(key(1), i % 2 ? "" : std::to_string(i), later, now));
    CHECK_FALSE(quota.take(key(1), "", later, now));
    CHECK_FALSE(quota.take(key(1), "192.0.2.1", later, now));
    CHECK(quota.take(key(2), "", later, now));
    CHECK(quota.take(key(1), "", later + 900, later));
}

TEST_CASE("notice quota: what it remembers has an end, and expired ones are forgotten") {
    NoticeQuota quota(3);
    for (Byte const number : {Byte{1}, Byte{2}, Byte{3}})
        CHECK(quota.take(key(number), "192.0.2.1", later, now));
    CHECK_FALSE(quota.take(key(4), "192.0.2.1", later, now));
    CHECK(quota.size() == 3);
    CHECK(quota.take(key(4), "192.0.2.1", later + 900, later));
    CHECK(quota.size() == 1);
}
