#include "src/core/address_book.h"

#include <doctest/doctest.h>

#include "tests/support/temp_folder.h"

using namespace satchel;

namespace {

Address address(char const* text) {
    return *Address::parse(text);
}

UserKey key(Byte first) {
    UserKey out;
    out.bytes[0] = first;
    return out;
}

std::string joined(std::vector<Address> const& addresses) {
    std::string out;
    for (Address const& one : addresses)
        out += (out.empty() ? "" : " ") + one.text();
    return out;
}

}  // namespace

TEST_CASE("address_book: contacts") {
    testing::TempFolder folder;
    auto book = AddressBook::open(folder / "contacts.db");
    REQUIRE(book);
    CHECK(book->contacts()->empty());
    REQUIRE(book->add_contact({address("bob@b.test"), key(1)}));
    REQUIRE(book->add_contact({address("ann@a.test"), key(2)}));
    REQUIRE(book->add_contact({address("Bob@B.test"), key(3)}));

    auto const contacts = book->contacts();
    REQUIRE(contacts);
    REQUIRE(contacts->size() == 2);
    CHECK((*contacts)[0].address.text() == "ann@a.test");
    CHECK((*contacts)[1].address.text() == "bob@b.test");
    CHECK((*contacts)[1].user_key == key(3));
    CHECK(**book->pinned_key(address("ann@a.test")) == key(2));
    CHECK_FALSE(book->pinned_key(address("zoe@z.test"))->has_value());

    CHECK(*book->remove_contact(address("ANN@a.test")));
    CHECK_FALSE(*book->remove_contact(address("ann@a.test")));
    CHECK_FALSE(book->pinned_key(address("ann@a.test"))->has_value());
}

TEST_CASE("address_book: groups") {
    testing::TempFolder folder;
    auto book = AddressBook::open(folder / "contacts.db");
    REQUIRE(book);
    REQUIRE(book->add_to_group("team", {"Zoe@Z.test", "friends", "ann@a.test"}));
    REQUIRE(book->add_to_group("team", {"zoe@z.test", "bob@b.test"}));
    REQUIRE(book->add_to_group("friends", {"kim@a.test"}));

    // Another process sees them.
    auto other = AddressBook::open(folder / "contacts.db");
    REQUIRE(other);
    auto const groups = other->groups();
    REQUIRE(groups);
    CHECK(groups->at("team") ==
          std::vector<std::string>{"zoe@z.test", "friends", "ann@a.test", "bob@b.test"});
    CHECK(joined(*expand_groups({"team"}, *groups)) ==
          "zoe@z.test kim@a.test ann@a.test bob@b.test");

    CHECK(*book->remove_group("team"));
    CHECK_FALSE(*book->remove_group("team"));
    CHECK(other->groups()->size() == 1);
}

TEST_CASE("address_book: refuses bad names and members, and then adds none") {
    testing::TempFolder folder;
    auto book = AddressBook::open(folder / "contacts.db");
    REQUIRE(book);

    struct Row {
        std::string name;
        std::vector<std::string> members;
    };

    for (Row const& row :
         {Row{"", {"a@a.test"}}, Row{"a b", {"a@a.test"}}, Row{"a@b", {"a@a.test"}},
          Row{std::string(65, 'x'), {"a@a.test"}}, Row{"team", {"a@a.test", "b@"}},
          Row{"team", {"a@a.test", "b c"}}, Row{"team", {"a@a.test", ""}}}) {
        CAPTURE(row.name);
        auto const added = book->add_to_group(row.name, row.members);
        REQUIRE_FALSE(added);
        CHECK(added.error().fault == Fault::usage);
    }
    CHECK(book->groups()->empty());
}
