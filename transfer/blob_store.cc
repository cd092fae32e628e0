#include "transfer/blob_store.h"

namespace satchel::transfer {

Status BlobStore::take(ContentId const& id, ByteSpan blob, Holding const& holding) {
    auto const upload = receive(id, blob.size(), holding.sender);
    if (!upload) return fail(upload.error());
    auto done = (*upload)->write(blob.subspan((*upload)->offset()));
    return done ? (*upload)->finish(holding) : done;
}

}  // namespace satchel::transfer
