// A message in the spool: envelope, and how far its delivery to each recipient has come.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mailgw/delivery_planner.h"
#include "mailgw/envelope.h"
#include "src/base/bytes.h"
#include "src/core/content_id.h"

namespace satchel::mailgw {

enum class RecipientState {
    queued = 0,     ///< to be tried at `next_try`
    done = 1,       ///< the next hop has it, and nothing waits in escrow
    failed = 2,     ///< refused for good, or given up; kept for whoever asked for the delivery
    escrowed = 3,   ///< the next hop has placeholders, receipts are missing; repaired at `next_try`
    repairing = 4,  ///< the original in full is to be tried at `next_try`
    bounced = 5     ///< failed, and the sender is being told, or may not be
};

/// "queued", "done", "failed", "escrowed", "repairing", "bounced"
char const* to_string(RecipientState state);

/// Nothing is left to do for this recipient.
constexpr bool is_settled(RecipientState state) {
    return state == RecipientState::done || state == RecipientState::bounced;
}

/// An attachment that lies in a recipient's storage, or in escrow for it.
struct StoredPart {
    ContentId content_id;
    std::uint64_t bytes = 0;       ///< of the content
    std::uint64_t blob_bytes = 0;  ///< of the blob
    Bytes receipt;                 ///< encoded Receipt; empty while it is in escrow
    std::string route;             ///< "inline", "direct"; "" while it is in escrow
    std::string ticket;            ///< of the escrow, "" where none was needed

    bool in_escrow() const { return receipt.empty(); }
};

struct SpooledRecipient {
    std::size_t number = 0;  ///< position in the envelope
    RecipientState state = RecipientState::queued;
    std::optional<Plan> plan;  ///< none until planned
    std::string reason;        ///< why in full or in escrow, "" otherwise
    std::string trouble;       ///< why not yet, or why never; "" if all is well
    std::uint64_t tries = 0;
    std::uint64_t next_try = 0;     ///< Unix seconds
    std::uint64_t repair_from = 0;  ///< when escrow was given up, Unix seconds; 0: it was not
    bool own_copy = false;          ///< gets the placeholder copy that lies in the spool for it
    std::vector<StoredPart> parts;  ///< of that copy

    /// Attachments whose receipts are missing.
    bool waits_for_receipts() const {
        return std::any_of(parts.begin(), parts.end(),
                           [](StoredPart const& part) { return part.in_escrow(); });
    }
};

struct SpooledMessage {
    std::string id;
    Envelope envelope;
    std::uint64_t received = 0;       ///< Unix seconds
    std::uint64_t patience_from = 0;  ///< what `give_up_after` counts from, Unix seconds
    std::uint64_t bytes = 0;
    std::uint64_t scans = 0;                   ///< that were begun in earlier runs: see Delivery
    bool from_earlier_run = false;             ///< the next hop may have it already
    std::vector<SpooledRecipient> recipients;  ///< by number
};

}  // namespace satchel::mailgw
