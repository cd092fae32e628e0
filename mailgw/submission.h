// Takes a message from a file into the spool, as `satchel send` hands it over.
#pragma once

#include "mailgw/envelope.h"
#include "mailgw/spool.h"
#include "mailgw/trace_header.h"
#include "src/base/result.h"

namespace satchel::mailgw {

/// Copies what `fd` yields from where it stands to its end (a pipe will do) into a draft, with CR
/// LF line ends, and fills in what the content tells of the envelope. Fault::too_large beyond
/// `message_max` bytes, Fault::refused for a mail loop. `facts.id` is filled in here.
Result<SpoolDraft> draft_from(int fd, std::uint64_t message_max, TraceFacts facts, Spool& spool,
                              Envelope& envelope);

}  // namespace satchel::mailgw
