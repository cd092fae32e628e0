// Any octets as the TXT value of a domain.
#include <cstdint>

#include "src/base/bytes.h"
#include "src/core/domain_record.h"
#include "tests/fuzz/require.h"

using namespace satchel;
using testing::require;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const record = DomainRecord::parse(text_of({data, size}));
    if (!record) return 0;
    auto const again = DomainRecord::parse(record->to_text());
    require(again && *again == *record);
    if (record->vouch) static_cast<void>(vouch_holds(*record->vouch, record->key, "b.test"));
    return 0;
}
