#include "transfer/outgoing_blob.h"

#include <fcntl.h>

#include "transfer/age_stream.h"
#include "transfer/merkle_root.h"

namespace satchel::transfer {

Result<OutgoingBlob> write_outgoing_blob(ContentSource const& source,
                                         std::filesystem::path const& folder,
                                         Randomness& randomness) {
    auto file = open_file(folder.string(), O_TMPFILE | O_RDWR);
    if (!file) return fail(file.error());
    OutgoingBlob blob{
        .content_id = {}, .layer = {}, .key = make_file_key(randomness), .file = std::move(*file)};
    BlobEncryptor encryptor(blob.key, randomness);
    MerkleHasher tree;
    Sha256 content_hash;
    auto const sink = [&](ByteSpan sealed) {
        tree.write(sealed);
        return write_all(blob.file.get(), sealed);
    };
    for (;;) {
        auto const content = source();
        if (!content) return fail(content.error());
        if (content->empty()) break;
        content_hash.update(*content);
        blob.content_bytes += content->size();
        if (auto written = encryptor.write(*content, sink); !written) return fail(written.error());
    }
    if (auto finished = encryptor.finish(sink); !finished) return fail(finished.error());
    auto hashed = tree.finish();
    if (!hashed) return fail(hashed.error());
    blob.content_id = hashed->root;
    blob.bytes = hashed->size;
    blob.layer = std::move(hashed->layer);
    blob.content_sha256 = content_hash.finish();
    return blob;
}

}  // namespace satchel::transfer
