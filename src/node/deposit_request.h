// What is to be deposited, and for whom: which errand it is when it is asked for again, how large
// its blob will be, and the blob itself.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "mailgw/attachment_depot.h"
#include "src/base/randomness.h"
#include "src/base/unique_fd.h"
#include "src/core/file_label.h"
#include "src/node/begun_blobs.h"
#include "transfer/outgoing_blob.h"

namespace satchel::node {

/// What is the same for all recipients of one deposit.
struct DepositRequest {
    mailgw::AttachmentSource source;
    FileLabel label;  ///< of a push: digest and size are filled in from what was read
    bool label_is_final = true;
    Bytes restore;  ///< empty: nothing to seal
    std::string sender;
    std::vector<Address> recipients;
    bool may_escrow = false;
};

/// This part of this version of this file, by this sender for these recipients.
Result<Errand> errand_of(int fd, DepositRequest const& request);

/// Of the blob that the request will become, where that can be told before it is made.
std::optional<std::uint64_t> blob_bytes_of(DepositRequest const& request);

/// Blocks on the disk. Fault::corrupt: the file changed meanwhile, and what was made of it is half
/// of one version and half of another. Fault::unavailable: it was told to stop.
Result<transfer::OutgoingBlob> encrypt_file(UniqueFd file, mailgw::AttachmentSource const& source,
                                            transfer::OutgoingWay way, Randomness& randomness,
                                            std::atomic<bool> const& stopping);

/// Writes what went out from memory to the blob's file, made once more. Blocks. Fault::corrupt: the
/// file changed since.
Status complete_blob(UniqueFd file, mailgw::AttachmentSource const& source,
                     std::filesystem::path const& outbox, transfer::OutgoingBlob& blob,
                     std::atomic<bool> const& stopping);

}  // namespace satchel::node
