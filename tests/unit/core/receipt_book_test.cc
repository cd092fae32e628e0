#include "src/core/receipt_book.h"

#include <doctest/doctest.h>

#include "tests/support/temp_folder.h"
#include "tests/unit/core/samples.h"

using namespace satchel;
using namespace satchel::testing;

namespace {

/// The nth, taken at `time`.
KeptReceipt sample(std::uint8_t n, std::uint64_t time, std::string message_id = "") {
    Offer offer = sample_offer();
    offer.id.bytes[0] = n;
    offer.content_id.bytes[0] = n;
    offer = sign_offer(std::move(offer), sample_key("user"));
    Receipt draft;
    draft.offer = digest_of(offer);
    draft.content_id = offer.content_id;
    draft.size = offer.size;
    draft.time = time;
    return {{sign_receipt(draft, sample_key("node")), offer, sample_address("carol@c.test"),
             Bytes(1120, 1)},
            "film.mov",
            std::move(message_id),
            "direct"};
}

}  // namespace

TEST_CASE("receipt book: keeps what it was given, oldest first, also when opened again") {
    TempFolder const folder;
    auto const file = folder.path() / "receipts.db";
    {
        auto book = ReceiptBook::open(file);
        REQUIRE(book);
        CHECK(book->find({})->empty());
        REQUIRE(book->keep(sample(2, 200, "<two@a.test>")));
        REQUIRE(book->keep(sample(1, 100, "<one@a.test>")));
        REQUIRE(book->keep(sample(3, 300)));
    }
    auto book = ReceiptBook::open(file);
    REQUIRE(book);
    auto const all = book->find({});
    REQUIRE(all);
    REQUIRE(all->size() == 3);
    CHECK((*all)[0].proof == sample(1, 100).proof);
    CHECK((*all)[1].message_id == "<two@a.test>");
    CHECK((*all)[2].message_id.empty());
    CHECK((*all)[2].name == "film.mov");
    CHECK((*all)[2].route == "direct");
}

TEST_CASE("receipt book: found by content and by message, brackets or not") {
    TempFolder const folder;
    auto book = ReceiptBook::open(folder.path() / "receipts.db");
    REQUIRE(book);
    REQUIRE(book->keep(sample(1, 100, "<one@a.test>")));
    REQUIRE(book->keep(sample(2, 200, "two@a.test")));
    REQUIRE(book->keep(sample(3, 300)));
    auto const id = sample(2, 200).proof.receipt.content_id;

    struct Row {
        char const* why;
        ReceiptFilter filter;
        std::size_t found;
    };

    for (Row const& row : {
             Row{"all", {}, 3},
             Row{"content", {.content_id = id}, 1},
             Row{"message", {.message_id = "one@a.test"}, 1},
             Row{"message in brackets", {.message_id = "<two@a.test>"}, 1},
             Row{"both", {.content_id = id, .message_id = "two@a.test"}, 1},
             Row{"both, of different ones", {.content_id = id, .message_id = "one@a.test"}, 0},
             Row{"unknown", {.content_id = ContentId{}}, 0},
             Row{"no pattern", {.message_id = "%"}, 0},
         }) {
        CAPTURE(row.why);
        auto const found = book->find(row.filter);
        REQUIRE(found);
        CHECK(found->size() == row.found);
    }
}

TEST_CASE("receipt book: one receipt for an offer, and old ones go") {
    TempFolder const folder;
    auto book = ReceiptBook::open(folder.path() / "receipts.db");
    REQUIRE(book);
    REQUIRE(book->keep(sample(1, 100)));
    REQUIRE(book->keep(sample(1, 150)));
    REQUIRE(book->keep(sample(2, 200)));
    REQUIRE(book->find({})->size() == 2);
    CHECK(book->find({})->front().proof.receipt.time == 150);
    CHECK(*book->forget_before(150) == 0);
    CHECK(*book->forget_before(200) == 1);
    CHECK(book->find({})->size() == 1);
}

TEST_CASE("receipt book: a page, newest first, and nothing beside it is read") {
    TempFolder const folder;
    auto const file = folder.path() / "receipts.db";
    auto book = ReceiptBook::open(file);
    REQUIRE(book);
    for (std::uint8_t n = 1; n <= 7; ++n)
        REQUIRE(book->keep(sample(n, n < 4 ? 100 : 100 * n)));

    struct Row {
        std::uint64_t from;
        std::uint64_t count;
        std::vector<std::uint8_t> found;
    };

    for (Row const& row : {Row{0, 3, {7, 6, 5}}, Row{3, 3, {4, 3, 2}}, Row{6, 3, {1}},
                           Row{7, 3, {}}, Row{1ULL << 40U, 3, {}}, Row{0, 0, {}}}) {
        CAPTURE(row.from);
        CAPTURE(row.count);
        auto const page = book->page(row.from, row.count);
        REQUIRE(page);
        CHECK(page->all == 7);
        std::vector<std::uint8_t> found;
        for (KeptReceipt const& one : page->receipts)
            found.push_back(one.proof.receipt.content_id.bytes[0]);
        CHECK(found == row.found);
    }
    {
        auto damage = SqliteDatabase::open(file, 1, "");
        REQUIRE(damage);
        REQUIRE(damage->execute("UPDATE receipt SET proof = x'00' WHERE taken = 700"));
    }
    CHECK(book->page(0, 1).error().fault == Fault::corrupt);
    CHECK(book->page(1, 3));
}
