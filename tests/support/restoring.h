// A message through detaching and the real restorer, with blobs in memory.
#pragma once

#include <string>

#include "mailgw/detacher.h"
#include "mailgw/message_scan.h"
#include "mailgw/restorer.h"
#include "tests/support/memory_content_source.h"

namespace satchel::testing {

struct DetachedMessage {
    mailgw::ScannedMessage scanned;
    std::vector<mailgw::Placeholder> placeholders;
    std::string text;
};

/// Detaches all that may be; the blobs go into `storage`. Throws where anything fails.
DetachedMessage detach(std::string const& message, mailgw::DetachPolicy const& policy,
                       MemoryContentSource& storage);

struct RestoredMessage {
    mailgw::Restored outcome;
    std::string text;
};

RestoredMessage restore(std::string const& message, mailgw::ContentSource& storage);

/// As a Maildir with LF line ends keeps it.
std::string with_lf(std::string const& message);

}  // namespace satchel::testing
