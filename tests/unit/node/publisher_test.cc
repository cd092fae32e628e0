#include "src/node/publisher.h"

#include <doctest/doctest.h>

using namespace satchel;

namespace {

UserKey user_of(Byte first) {
    UserKey key;
    key.bytes[0] = first;
    return key;
}

struct Row {
    char const* what;
    LookupReport found;
    bool overtakes;
};

}  // namespace

TEST_CASE("publisher: what overtakes a record that was signed just now") {
    auto const address = *Address::parse("bob@b.test");
    auto const found = [&address](auto... changes) {
        LookupReport report{.address = address, .storage_address = address};
        (changes(report), ...);
        return report;
    };
    auto const user = [](Byte first) {
        return [first](LookupReport& report) { report.user_key = user_of(first); };
    };
    Row const rows[] = {
        {"it is found itself", found(user(1)), false},
        {"nothing is found as yet", found(), false},
        {"nobody answers", found([](LookupReport& report) { report.conclusive = false; }), false},
        {"one that proves nothing", found([](LookupReport& report) { report.storage = true; }),
         false},
        {"the domain has revoked it", found([](LookupReport& report) { report.revoked = true; }),
         true},
        {"the domain has bound another user", found(user(2)), true},
    };
    for (Row const& row : rows) {
        CAPTURE(row.what);
        CHECK(node::overtakes(row.found, user_of(1)) == row.overtakes);
    }
}
