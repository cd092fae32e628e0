// Any bytes as what a record seals or an offer's label holds: a storage record, a presence record,
// a pull notice, a label. Unknown keys are left out, so what decodes need not be what was written,
// but it comes back the same.
#include <cstdint>

#include "src/core/file_label.h"
#include "src/core/presence_record.h"
#include "src/core/pull_notice.h"
#include "src/core/storage_record.h"
#include "tests/fuzz/require.h"

using namespace satchel;
using testing::require;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ByteSpan const bytes(data, size);
    if (auto const label = decode_label(bytes)) {
        require(*decode_label(encode_label(*label)) == *label);
        require(!safe_file_name(label->name).empty());
    }
    if (auto const presence = decode_presence_record(bytes)) {
        auto const again = encode_presence_record(*presence);
        if (again) require(*decode_presence_record(*again) == *presence);
    }
    if (auto const notice = decode_pull_notice(bytes)) {
        require(*decode_pull_notice(*encode_pull_notice(*notice)) == *notice);
    }
    EnvelopeFacts const envelope;
    if (auto const storage = decode_storage_record(bytes, envelope)) {
        auto const again = encode_storage_record(*storage);
        if (again) require(*decode_storage_record(*again, envelope) == *storage);
    }
    return 0;
}
