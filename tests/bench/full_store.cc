// Fills the storage folder of a home that does not run with small attachments, as if as many people
// had sent them over three years: real blobs, grants and labels, so that the node finds nothing
// amiss. Only the many syncs of a receipt are left out: let the folder be in memory, or wait.
//   full_store STORAGE_DIR ADDRESS AGE_RECIPIENT COUNT
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <fcntl.h>

#include "src/base/atomic_file.h"
#include "src/base/sodium_hash.h"
#include "src/core/file_label.h"
#include "src/core/locator.h"
#include "tests/support/seeded_randomness.h"
#include "transfer/age_file.h"
#include "transfer/age_stream.h"
#include "transfer/blob_folder.h"
#include "transfer/blob_index.h"
#include "transfer/merkle_root.h"

using namespace satchel;
using namespace satchel::transfer;

namespace {

constexpr std::uint64_t newest = 1'795'000'000;  // Unix seconds
constexpr std::uint64_t between_two = 950;       // seconds: three years for 100,000

constexpr std::array words{"invoice", "minutes",  "holiday", "plan",  "offer", "scan",
                           "photo",   "contract", "slides",  "notes", "map",   "Übersicht"};
constexpr std::array endings{"pdf", "png", "txt", "zip", "jpg", "odt"};
constexpr std::array types{"application/pdf", "image/png",  "text/plain",
                           "application/zip", "image/jpeg", "application/octet-stream"};

void require(Status const& done) {
    if (done) return;
    std::fprintf(stderr, "%s\n", done.error().what.c_str());
    std::exit(1);
}

template <class Value>
Value taken(Result<Value> result) {
    if (!result) require(fail(result.error()));
    return std::move(*result);
}

struct Owner {
    Address address;
    AgeRecipient recipient;
};

FileLabel label_of(std::uint64_t number, std::string const& content) {
    FileLabel label;
    label.name = std::string(words[number % words.size()]) + ' ' + std::to_string(number) + '.' +
                 endings[number % endings.size()];
    label.type = types[number % types.size()];
    label.bytes = content.size();
    label.sha256 = sha256(bytes_of(content));
    label.message_id = '<' + std::to_string(number) + "@a.test>";
    label.sender = "person" + std::to_string(number * number % 400) + "@a.test";
    label.subject =
        std::string(words[number / 7 % words.size()]) + " of week " + std::to_string(number % 52);
    return label;
}

void put(BlobFolder const& folder, BlobIndex& index, Owner const& owner, std::uint64_t number,
         Randomness& chance) {
    std::string content;
    for (std::uint64_t line = 0; line < 4 + number % 60; ++line)
        content += "line " + std::to_string(line) + " of file " + std::to_string(number) + '\n';
    FileLabel const label = label_of(number, content);
    FileKey const key = make_file_key(chance);
    Bytes blob;
    ByteSink const sink = [&blob](ByteSpan more) -> Status {
        blob.insert(blob.end(), more.begin(), more.end());
        return {};
    };
    BlobEncryptor encryptor(key, chance);
    require(encryptor.write(bytes_of(content), sink));
    require(encryptor.finish(sink));
    MerkleHasher hasher;
    hasher.write(blob);
    MerkleTree const tree = taken(hasher.finish());
    Holding holding;
    holding.recipient = address_tag(owner.address);
    holding.sender = label.sender;
    holding.offer.bytes = chance.array<16>();
    holding.grant = taken(make_grant(key, owner.recipient, chance));
    holding.label = taken(encrypt_age(std::array{owner.recipient}, encode_label(label), chance));
    holding.stored = newest - number * between_two;
    {
        auto const path = folder.partial(tree.root).string();
        auto const file = taken(open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0600));
        require(write_all(file.get(), blob));
    }
    require(folder.publish(tree.root));
    require(index.add(tree.root, tree.size, tree.layer, holding));
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 5) {
        std::fprintf(stderr, "usage: full_store STORAGE_DIR ADDRESS AGE_RECIPIENT COUNT\n");
        return 64;
    }
    Owner const owner{taken(Address::parse(arguments[2])),
                      taken(AgeRecipient::parse(arguments[3]))};
    BlobFolder const folder = taken(BlobFolder::open(arguments[1]));
    BlobIndex index = taken(BlobIndex::open(folder.index_file()));
    testing::SeededRandomness chance;
    std::uint64_t const blobs = std::strtoull(arguments[4], nullptr, 10);
    for (std::uint64_t number = 0; number < blobs; ++number)
        put(folder, index, owner, number, chance);
    return 0;
}
