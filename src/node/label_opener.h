// What a user's keys open of a stored blob: its label, and the key of its content.
#pragma once

#include <optional>
#include <span>

#include "src/base/result.h"
#include "src/core/age_key.h"
#include "src/core/file_label.h"
#include "transfer/age_grant.h"
#include "transfer/blob_store.h"

namespace satchel::node {

/// The label that one of the identities opens, if any.
std::optional<FileLabel> label_for_owner(transfer::HeldBlob const& blob,
                                         std::span<AgeIdentity const> identities);

struct OwnerView {
    transfer::FileKey key;
    std::optional<FileLabel> label;
};

/// Fault::refused: none of the identities opens it.
Result<OwnerView> open_for_owner(transfer::HeldBlob const& blob,
                                 std::span<AgeIdentity const> identities);

}  // namespace satchel::node
