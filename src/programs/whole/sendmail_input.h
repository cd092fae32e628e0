// A message on standard input as sendmail's users give it: recipients perhaps in its header, Bcc to
// be taken out.
#pragma once

#include <string>
#include <vector>

#include "src/base/result.h"
#include "src/base/unique_fd.h"

namespace satchel::programs {

struct SendmailFlags {
    bool recipients_from_header = false;  ///< -t
    bool dots_are_text = false;           ///< -i: a line with a single dot does not end the message
};

struct SendmailInput {
    UniqueFd message;  ///< a nameless file, rewound; without Bcc fields where -t asked for it
    std::vector<std::string> header_recipients;  ///< of To, Cc and Bcc, with -t
    std::string header_sender;                   ///< the first address of From, "" if none
};

/// Reads `input` to its end. Fault::usage for an empty message, Fault::too_large for a header over
/// 1 MiB.
Result<SendmailInput> read_sendmail_input(int input, SendmailFlags flags);

}  // namespace satchel::programs
