// How a message reaches one recipient: DESIGN.md section 2 as a pure function, one row per line of
// its table. No I/O, no clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/core/lookup_report.h"

namespace satchel::mailgw {

enum class Plan {
    full,   ///< the original bytes go the way of all mail
    push,   ///< attachments to the recipient's storage, placeholders in the mail
    pull,   ///< the same, but the storage comes for them: it can't be dialled
    escrow  ///< placeholders in the mail, attachments kept until the storage is back
};

char const* to_string(Plan plan);
std::optional<Plan> parse_plan(std::string_view word);

struct PlannedDelivery {
    Plan plan = Plan::full;
    std::string reason;  ///< why it goes in full or into escrow; "" for push and pull
};

/// What is the same for all recipients of a message.
struct PlanningFacts {
    std::vector<std::uint64_t> content_bytes;  ///< of each part that may be detached, decoded
    std::string sender;                        ///< normal form of the envelope sender, "" for none
    bool null_sender = false;
    bool may_escrow = false;  ///< this gateway is always on and set to keep attachments
};

/// `report` is none where the recipient could not be looked up, `why_unknown` says why.
PlannedDelivery plan_delivery(PlanningFacts const& message,
                              std::optional<LookupReport> const& report,
                              std::string const& why_unknown);

/// True where looking the recipients up could change the plan at all.
bool needs_lookup(PlanningFacts const& message);

/// Size of the blob (age payload) that holds `content_bytes`: nonce, and a tag per 64 KiB chunk.
std::uint64_t blob_bytes_for(std::uint64_t content_bytes);

}  // namespace satchel::mailgw
