#include "src/node/label_opener.h"

#include "src/core/limits.h"
#include "transfer/age_file.h"

namespace satchel::node {

std::optional<FileLabel> label_for_owner(transfer::HeldBlob const& blob,
                                         std::span<AgeIdentity const> identities) {
    for (transfer::Holding const& holding : blob.holdings) {
        auto const opened = transfer::decrypt_age(identities, holding.label, limits::label_bytes);
        if (!opened) continue;
        if (auto label = decode_label(*opened)) return std::move(*label);
    }
    return std::nullopt;
}

Result<OwnerView> open_for_owner(transfer::HeldBlob const& blob,
                                 std::span<AgeIdentity const> identities) {
    Result<transfer::FileKey> key = fail(Fault::refused, "nothing says how to open it");
    for (transfer::Holding const& holding : blob.holdings) {
        key = transfer::open_grant(holding.grant, identities);
        if (key) return OwnerView{std::move(*key), label_for_owner(blob, identities)};
    }
    return fail(key.error());
}

}  // namespace satchel::node
