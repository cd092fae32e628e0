// Rebuilds a message from its placeholders, as the contract says that it can be done: from the part
// id in the header, the restore data and the content, without any offset. For tests only.
#pragma once

#include <map>
#include <string>

#include "mailgw/detacher.h"
#include "mailgw/message_scan.h"
#include "mailgw/restore_data.h"

namespace satchel::testing {

struct StoredPart {
    mailgw::RestoreData restore;
    Bytes content;
};

/// Content as the depot would take it from the message: decoded, or the text as it stands.
Bytes content_of(int fd, mailgw::DetachablePart const& part);

/// Puts every part back whose id is found in a header; by id in hex.
std::string restore_parts(std::string message, std::map<std::string, StoredPart> const& parts);

/// Header block and body, as they stood.
std::string rebuilt_part(StoredPart const& part);

struct RoundTrip {
    mailgw::ScannedMessage scanned;
    std::string detached;
    std::string restored;
};

/// Scans, detaches all that may be, and restores. Sealed restore data is the plain one here.
RoundTrip round_trip(std::string const& message, mailgw::DetachPolicy const& policy);

}  // namespace satchel::testing
