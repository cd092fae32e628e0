#include "src/node/catalogue.h"

#include <clocale>

#include <doctest/doctest.h>

#include "tests/support/temp_folder.h"

namespace satchel::node {

namespace {

CatalogueEntry entry(Byte number, std::string const& name, std::uint64_t bytes) {
    CatalogueEntry one;
    one.id.bytes[0] = number;
    one.name = name;
    one.sender = number % 2 == 0 ? "alice@a.test" : "bob@b.test";
    one.subject = "Holiday";
    one.readable = one.own = true;
    one.bytes = one.blob_bytes = bytes;
    one.stored = 86'400ULL * number;
    one.holdings = 1;
    return one;
}

std::vector<std::string> names(Catalogue& catalogue, CatalogueQuery const& query) {
    std::vector<std::string> found;
    auto const page = catalogue.find(query);
    REQUIRE(page);
    for (CatalogueEntry const& one : page->entries)
        found.push_back(one.name);
    return found;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("catalogue: searches in any case, sorts, and gives a window") {
    std::setlocale(LC_CTYPE, "C.UTF-8");
    testing::TempFolder const folder;
    auto catalogue = Catalogue::open(folder / "catalogue.db", "reader").value();
    REQUIRE(catalogue.put({entry(1, "Ärger.pdf", 30), entry(2, "beach.jpg", 10),
                           entry(3, "Album.zip", 20), entry(4, "it's 100%.txt", 40)}));
    using Order = CatalogueQuery::Order;
    CHECK(names(catalogue, {}) == Names{"it's 100%.txt", "Album.zip", "beach.jpg", "Ärger.pdf"});
    CHECK(names(catalogue, {.words = "", .order = Order::name, .descending = false}) ==
          Names{"Album.zip", "beach.jpg", "it's 100%.txt", "Ärger.pdf"});
    CHECK(names(catalogue, {.words = "", .order = Order::bytes, .from = 1, .count = 2}) ==
          Names{"Ärger.pdf", "Album.zip"});
    for (auto const& [words, count] :
         std::vector<std::pair<std::string, std::size_t>>{{"ÄRGER", 1},
                                                          {"ärger holiday", 1},
                                                          {"alice a", 2},
                                                          {"it's", 1},
                                                          {"100%", 1},
                                                          {"%", 1},
                                                          {"_", 0},
                                                          {"' OR 1=1 --", 0},
                                                          {" \t", 4},
                                                          {"\xff", 0}}) {
        CAPTURE(words);
        auto const page = catalogue.find(CatalogueQuery{.words = words});
        REQUIRE(page);
        CHECK(page->found == count);
        CHECK(page->entries.size() == count);
        CHECK(page->all == 4);
    }
}

TEST_CASE("catalogue: what changes is replaced, what goes is gone, and sums follow") {
    testing::TempFolder const folder;
    auto catalogue = Catalogue::open(folder / "catalogue.db", "reader").value();
    REQUIRE(catalogue.put({entry(1, "a", 30), entry(2, "b", 10), entry(4, "c", 5)}));
    REQUIRE(catalogue.put({entry(1, "new", 31)}));
    CHECK(catalogue.find(entry(1, "", 0).id)->value().name == "new");
    auto const senders = catalogue.use_by_sender(1);
    REQUIRE(senders);
    REQUIRE(senders->size() == 2);
    CHECK(senders->at(0).sender == "bob@b.test");
    CHECK(senders->at(1).bytes == 15);
    CHECK(catalogue.use_by_day()->size() == 3);
    REQUIRE(catalogue.remove({entry(1, "", 0).id}));
    CHECK_FALSE(catalogue.find(entry(1, "", 0).id)->has_value());
    CHECK(catalogue.marks_after(std::nullopt, 9)->size() == 2);
    CHECK(catalogue.marks_after(entry(2, "", 0).id, 9)->size() == 1);
}

TEST_CASE("catalogue: finds those of many that it knows, digests and all") {
    testing::TempFolder const folder;
    auto catalogue = Catalogue::open(folder / "catalogue.db", "reader").value();
    CatalogueEntry file = entry(1, "file", 1);
    file.sha256.emplace().fill(Byte{7});
    REQUIRE(catalogue.put({file, entry(2, "encoded in its mail", 2)}));
    auto const known =
        catalogue.find(std::vector<ContentId>{entry(2, "", 0).id, entry(3, "", 0).id, file.id});
    REQUIRE(known);
    REQUIRE(known->size() == 2);
    CHECK(known->at(file.id).sha256 == file.sha256);
    CHECK(known->at(file.id).name == "file");
    CHECK(known->at(entry(2, "", 0).id).sha256 == std::nullopt);
}

TEST_CASE("catalogue: what is elsewhere is listed until it is here, or there no more") {
    testing::TempFolder const folder;
    auto catalogue = Catalogue::open(folder / "catalogue.db", "reader").value();
    ElsewherePlace const nas{ElsewherePlace::Kind::own_node, "nas"};
    ElsewherePlace const gateway{ElsewherePlace::Kind::gateway, "mail.b.test:7473"};
    REQUIRE(catalogue.put({entry(1, "here", 10)}));
    CHECK(catalogue.see_elsewhere(entry(1, "", 0).id, nas, 1).value());
    CHECK_FALSE(catalogue.see_elsewhere(entry(2, "", 0).id, nas, 1).value());
    REQUIRE(catalogue.put_elsewhere({entry(1, "not this", 99), entry(2, "two", 20)}, nas, 1));
    REQUIRE(catalogue.put_elsewhere({entry(2, "nor this", 99), entry(3, "three", 30)}, gateway, 1));
    CHECK(names(catalogue, {}) == Names{"three", "two", "here"});
    CHECK(catalogue.find(entry(1, "", 0).id)->value().elsewhere == std::nullopt);
    CHECK(catalogue.find(entry(2, "", 0).id)->value().elsewhere == nas);
    CHECK(catalogue.find(entry(3, "", 0).id)->value().elsewhere == gateway);
    // No room is taken here, and the walk through the store does not miss them.
    CHECK(catalogue.use_by_day()->size() == 1);
    CHECK(catalogue.use_by_sender(9)->size() == 1);
    CHECK(catalogue.marks_after(std::nullopt, 9)->size() == 1);
    REQUIRE(catalogue.remove({entry(2, "", 0).id}));
    CHECK(catalogue.see_elsewhere(entry(2, "", 0).id, nas, 2).value());
    CHECK(catalogue.forget_unseen(nas, 2).value() == 0);
    CHECK(catalogue.forget_unseen(nas, 3).value() == 1);
    CHECK(names(catalogue, {}) == Names{"three", "here"});
    REQUIRE(catalogue.put({entry(3, "three", 30)}));
    CHECK(catalogue.find(entry(3, "", 0).id)->value().elsewhere == std::nullopt);
    CHECK(catalogue.forget_unseen(gateway, 2).value() == 0);
}

TEST_CASE("catalogue: other keys see nothing that these have opened, and damage is made good") {
    testing::TempFolder const folder;
    auto const file = folder / "catalogue.db";
    {
        auto catalogue = Catalogue::open(file, "reader").value();
        REQUIRE(catalogue.put({entry(1, "secret", 1)}));
    }
    CHECK(Catalogue::open(file, "reader").value().find(CatalogueQuery{})->all == 1);
    CHECK(Catalogue::open(file, "another").value().find(CatalogueQuery{})->all == 0);
    std::filesystem::resize_file(file, 100);
    auto const again = Catalogue::open(file, "reader");
    CHECK(again);
}

}  // namespace satchel::node
