// Writes a message with other octets in place of some of its ranges, everything between them in CR
// LF form: how a file of placeholders becomes the original again.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "mailgw/body_rebuilder.h"
#include "mailgw/restore_data.h"
#include "src/base/result.h"

namespace satchel::mailgw {

/// A part that goes where its placeholder stands.
struct PutBack {
    std::uint64_t begin = 0;  ///< of the placeholder, in the file
    std::uint64_t end = 0;
    RestoreData restore;
    ContentFeed content;
};

/// How many octets rebuild_message() will write. Reads what is between the parts, and no content.
/// `parts` in order of the file, none in another.
Result<std::uint64_t> rebuilt_bytes(int fd, std::vector<PutBack> const& parts);

/// Flat memory. Digests are not compared.
Status rebuild_message(int fd, std::vector<PutBack> const& parts, OctetSink const& out);

}  // namespace satchel::mailgw
