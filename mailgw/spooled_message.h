// A message in the spool: envelope, and how far its delivery to each recipient has come.
#pragma once

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
    queued = 0,  ///< to be tried at `next_try`
    done = 1,    ///< the next hop has it
    failed = 2   ///< refused for good, or given up; kept until somebody acts
};

/// "queued", "done", "failed"
char const* to_string(RecipientState state);

/// An attachment that lies in a recipient's storage.
struct StoredPart {
    ContentId content_id;
    std::uint64_t bytes = 0;       ///< of the content
    std::uint64_t blob_bytes = 0;  ///< of the blob
    Bytes receipt;                 ///< encoded Receipt
    std::string route;             ///< "inline", "direct"
};

struct SpooledRecipient {
    std::size_t number = 0;  ///< position in the envelope
    RecipientState state = RecipientState::queued;
    std::optional<Plan> plan;  ///< none until planned
    std::string reason;        ///< why in full, "" otherwise
    std::string trouble;       ///< why not yet, or why never; "" if all is well
    std::uint64_t tries = 0;
    std::uint64_t next_try = 0;     ///< Unix seconds
    bool own_copy = false;          ///< gets the placeholder copy that lies in the spool for it
    std::vector<StoredPart> parts;  ///< of that copy
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
