#include "mailgw/detach_proof.h"

#include "tests/support/memory_file.h"
#include "tests/unit/mailgw/restorer_samples.h"

using namespace satchel;
using namespace satchel::mailgw;

namespace {

std::string verdict(DetachProof& proof, std::string const& copy,
                    std::vector<Placeholder> const& placeholders) {
    UniqueFd const file = testing::memory_file(copy);
    auto const checked = proof.check(file.get(), placeholders);
    return checked ? "" : checked.error().what;
}

}  // namespace

TEST_CASE("detach_proof: what was written is proven, for any number of copies") {
    Sent sent;
    UniqueFd const original = testing::memory_file(sent.original);
    DetachProof proof(original.get(), sent.detached.scanned);
    CHECK(verdict(proof, sent.detached.text, sent.detached.placeholders).empty());
    auto others = sent.detached.placeholders;
    for (Placeholder& placeholder : others)
        placeholder.part_id.fill(7);
    UniqueFd const copy = testing::memory_file();
    REQUIRE(write_detached(original.get(), sent.detached.scanned, others, copy.get()));
    CHECK(verdict(proof, testing::text_in(copy), others).empty());
}

TEST_CASE("detach_proof: placeholders that were there before are part of the message") {
    testing::MemoryContentSource storage;
    auto const first = testing::detach(three_files(), {900, {}}, storage);
    auto const second = testing::detach(first.text, everything_inbound, storage);
    UniqueFd const taken = testing::memory_file(first.text);
    DetachProof proof(taken.get(), second.scanned);
    CHECK(verdict(proof, second.text, second.placeholders).empty());
}

TEST_CASE("detach_proof: any flaw is seen") {
    Sent sent;
    std::string const& copy = sent.detached.text;
    UniqueFd const original = testing::memory_file(sent.original);

    struct Row {
        std::string why;
        std::string copy;
        std::string verdict;
    };

    auto const& placeholders = sent.detached.placeholders;
    for (Row const& row : {
             Row{"a changed octet", replaced(copy, "See", "Sea"), "the copy is not the message"},
             Row{"an octet more", copy + "x", "the copy is not the message"},
             Row{"an octet less", copy.substr(0, copy.size() - 1),
                 "the copy is not the whole message"},
             Row{"no placeholder", sent.original, "a placeholder is not found again"},
             Row{"a field that says something else", sent.with_sealed(1, Bytes(100, 1)),
                 "a placeholder can't be read again"},
             Row{"another layer", replaced(copy, "grant=", "layer=2; grant="),
                 "a placeholder can't be read again"},
         }) {
        CAPTURE(row.why);
        DetachProof proof(original.get(), sent.detached.scanned);
        CHECK(verdict(proof, row.copy, placeholders) == row.verdict);
        // Not even after a good one.
        CHECK(verdict(proof, copy, placeholders).empty());
        CHECK(verdict(proof, row.copy, placeholders) == row.verdict);
    }
}

TEST_CASE("detach_proof: restore data or ranges that do not give the part back") {
    struct Row {
        std::string why;
        std::function<void(RestoreData&)> change;
        std::string verdict;
    };

    for (Row const& row : {
             Row{"header block", [](RestoreData& data) { data.header_block[3] ^= 1; },
                 "the copy is not the message"},
             Row{"header block too short", [](RestoreData& data) { data.header_block.pop_back(); },
                 "the restore data are of another message"},
             Row{"line length", [](RestoreData& data) { ++data.shape.line_length; },
                 "the part would not come out as it was"},
             Row{"trailer", [](RestoreData& data) { data.shape.trailer = "\t\t"; },
                 "the part would not come out as it was"},
             Row{"size of the message", [](RestoreData& data) { ++data.message_bytes; },
                 "the restore data are of another message"},
             Row{"digest of the content", [](RestoreData& data) { data.content_sha256[0] ^= 1; },
                 "this is not the content that the part had"},
         }) {
        CAPTURE(row.why);
        Sent sent;
        UniqueFd const original = testing::memory_file(sent.original);
        DetachablePart& part = sent.detached.scanned.parts[0];
        RestoreData data = decode_restore_data(part.restore).value();
        row.change(data);
        part.restore = encode_restore_data(data);
        DetachProof proof(original.get(), sent.detached.scanned);
        CHECK(verdict(proof, sent.detached.text, sent.detached.placeholders) == row.verdict);
    }
    Sent sent;
    UniqueFd const original = testing::memory_file(sent.original);
    ++sent.detached.scanned.parts[1].source_begin;
    DetachProof proof(original.get(), sent.detached.scanned);
    CHECK(verdict(proof, sent.detached.text, sent.detached.placeholders) ==
          "there is less content than the part had");
}
