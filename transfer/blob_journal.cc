#include "transfer/blob_journal.h"

#include <algorithm>

#include "transfer/merkle_root.h"

namespace satchel::transfer {

namespace {

constexpr std::size_t nonce_bytes = 16;
constexpr std::size_t root_bytes = 32;

}  // namespace

Result<std::array<Byte, 16>> BlobJournal::nonce(std::array<Byte, 16> const& fresh) {
    std::array<Byte, nonce_bytes> noted{};
    auto const got = read_at(file_.get(), noted, 0);
    if (!got) return fail(got.error());
    if (*got == noted.size()) return noted;
    // Less than a nonce: nothing has left under it.
    if (auto done = write_all_at(file_.get(), fresh, 0); !done) return fail(done.error());
    return fresh;
}

bool BlobJournal::has_end(std::uint64_t blob_bytes) const {
    auto const roots = blob_bytes / grain_bytes + 1;
    auto const there = file_size(file_.get());
    return there && *there == nonce_bytes + roots * root_bytes;
}

Status BlobJournal::note(ByteSpan roots) {
    auto const at = nonce_bytes + noted_ * root_bytes;
    Bytes before(roots.size());
    auto const got = read_at(file_.get(), before, at);
    if (!got) return fail(got.error());
    // Half a root was never heard of: its bytes were held back until it was whole.
    auto const known = *got - *got % root_bytes;
    if (!std::equal(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(known),
                    roots.begin())) {
        return fail(Fault::corrupt, "the file is another one than when it was begun");
    }
    noted_ += roots.size() / root_bytes;
    return write_all_at(file_.get(), roots.subspan(known), at + known);
}

Status BlobJournal::note_end(ContentId const& id) {
    return note(id.bytes);
}

}  // namespace satchel::transfer
