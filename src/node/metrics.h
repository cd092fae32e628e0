// Figures of a node, and of its home's gateway, at one moment: what Prometheus is shown. Numbers
// only: no address, no key, no name of a file.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "dht/location_service.h"
#include "src/node/depositor.h"
#include "src/node/escrow.h"
#include "transfer/blob_store.h"

namespace satchel::node {

struct QueueState {
    std::uint64_t recipients = 0;
    std::uint64_t oldest = 0;  ///< Unix seconds: when the oldest such message was received
};

/// The gateway's spool.
struct QueueMetrics {
    std::uint64_t messages = 0;
    std::map<std::string, QueueState> states;  ///< by RecipientState
    std::map<std::string, std::uint64_t> events;
};

struct Metrics {
    std::uint64_t now = 0;  ///< Unix seconds
    transfer::StoreUsage storage;
    std::uint64_t quota = 0;
    std::uint64_t sent_bytes = 0;
    std::uint64_t received_bytes = 0;
    std::uint64_t received_blobs = 0;
    std::uint64_t transfers_out = 0;  ///< offers under way now
    std::map<std::string, std::uint64_t> refusals;
    Depositor::Totals deposits;
    std::optional<Escrow::Census> escrow;
    std::uint64_t escrow_quota = 0;
    location::LocationStats dht;
    std::map<std::string, std::uint64_t> events;
    std::optional<QueueMetrics> queue;  ///< none: no gateway runs in this home
};

}  // namespace satchel::node
