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

    std::string const unproven = "the restore data are not what was proven";
    for (Row const& row : {
             Row{"header block", [](RestoreData& data) { data.header_block[3] ^= 1; }, unproven},
             Row{"line length", [](RestoreData& data) { ++data.shape.line_length; }, unproven},
             Row{"trailer", [](RestoreData& data) { data.shape.trailer = "\t\t"; }, unproven},
             Row{"size of the message", [](RestoreData& data) { ++data.message_bytes; }, unproven},
             Row{"digest of the content", [](RestoreData& data) { data.content_sha256[0] ^= 1; },
                 unproven},
             Row{"digest of the body", [](RestoreData& data) { data.body_sha256[0] ^= 1; },
                 unproven},
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
}

TEST_CASE("detach_proof: a part that is not the one that was proven") {
    struct Row {
        std::string why;
        std::function<void(DetachablePart&)> change;
        std::string verdict;
    };

    std::string const content = "the content is not what was proven";
    std::string const other = "the restore data are of another message";
    for (Row const& row : {
             Row{"content from elsewhere", [](DetachablePart& part) { ++part.source_begin; },
                 content},
             Row{"less content", [](DetachablePart& part) { --part.source_end; }, content},
             Row{"undecoded content",
                 [](DetachablePart& part) { part.decoding = AttachmentSource::Decoding::identity; },
                 content},
             Row{"another header block",
                 [](DetachablePart& part) {
                     part.proven.header_block.pop_back();
                     part.restore = encode_restore_data(part.proven);
                 },
                 other},
             Row{"another message",
                 [](DetachablePart& part) {
                     ++part.proven.message_bytes;
                     part.restore = encode_restore_data(part.proven);
                 },
                 other},
             Row{"a label of another content",
                 [](DetachablePart& part) { part.label.sha256[0] ^= 1; }, other},
         }) {
        CAPTURE(row.why);
        Sent sent;
        UniqueFd const original = testing::memory_file(sent.original);
        row.change(sent.detached.scanned.parts[1]);
        DetachProof proof(original.get(), sent.detached.scanned);
        CHECK(verdict(proof, sent.detached.text, sent.detached.placeholders) == row.verdict);
    }
}
