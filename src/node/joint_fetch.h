// Fetches one blob from several nodes at once, which helps where each of them sends slower than
// this one could take.
#pragma once

#include <vector>

#include "src/base/asio.h"
#include "src/node/blob_fetcher.h"
#include "transfer/blob_store.h"
#include "transfer/control_client.h"

namespace satchel::node {

/// Smaller blobs are there before a second source has begun.
inline constexpr std::uint64_t joint_bytes_min = std::uint64_t{8} * 1024 * 1024;
inline constexpr std::size_t joint_sources_max = 3;

/// Into `into`, whose finish() is the caller's. Nodes that break off or send what is wrong are done
/// without. The failure is that of the last one.
asio::awaitable<Status> fetch_jointly(asio::io_context& owner, transfer::ControlClient& client,
                                      std::vector<BlobHolder> holders,
                                      std::shared_ptr<transfer::BlobUpload> into,
                                      BlobFetcher::Progress progress);

}  // namespace satchel::node
