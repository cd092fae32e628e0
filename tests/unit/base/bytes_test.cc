#include "src/base/bytes.h"

#include <doctest/doctest.h>

using namespace satchel;

TEST_CASE("bytes: text and octets are the same memory") {
    std::string const text("a\0b", 3);
    CHECK(bytes_of(text).size() == 3);
    CHECK(static_cast<void const*>(bytes_of(text).data()) == text.data());
    CHECK(text_of(bytes_of(text)) == text);
    CHECK(copy_of(bytes_of(text)) == Bytes{'a', 0, 'b'});
}

TEST_CASE("bytes: equality in constant time is equality") {
    Bytes const bytes{1, 2, 3};
    CHECK(equal_in_constant_time(bytes, Bytes{1, 2, 3}));
    CHECK(equal_in_constant_time({}, {}));
    CHECK_FALSE(equal_in_constant_time(bytes, Bytes{1, 2}));
    CHECK_FALSE(equal_in_constant_time(bytes, Bytes{1, 2, 3, 0}));
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            Bytes other = bytes;
            other[at] = static_cast<Byte>(other[at] ^ 1U << bit);
            CHECK_FALSE(equal_in_constant_time(bytes, other));
        }
    }
}
