// Any bytes as a message: scanning must not fail, what it offers must come back byte for byte, and
// it offers the same where the message was read while it arrived.
#include <cstdint>
#include <cstdlib>

#include "mailgw/early_digest.h"
#include "tests/fuzz/require.h"
#include "tests/support/memory_file.h"
#include "tests/support/part_restorer.h"

using namespace satchel;

namespace {

void scan_early(std::string const& message, mailgw::ScannedMessage const& scanned) {
    UniqueFd const file = testing::memory_file(message);
    mailgw::GrowingFile growing(file.duplicate().value());
    growing.grown_to(message.size());
    growing.complete();
    auto const early = mailgw::digest_early(growing);
    testing::require(early.has_value());
    auto const again = mailgw::scan_message(file.get(), {1, {}}, &*early).value();
    testing::require(again.parts.size() == scanned.parts.size());
    for (std::size_t i = 0; i < scanned.parts.size(); ++i) {
        mailgw::DetachablePart const& part = again.parts[i];
        testing::require(part.restore == scanned.parts[i].restore);
        testing::require(part.source_begin == scanned.parts[i].source_begin);
        testing::require(part.source_end == scanned.parts[i].source_end);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string const message(text_of({data, size}));
    // Throws where scan, detacher, reader and restorer disagree.
    auto const trip = testing::round_trip(message, {1, {}});
    if (trip.restored != message) std::abort();
    scan_early(message, trip.scanned);
    return 0;
}
