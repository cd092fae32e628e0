// Any octets as what DNS says of a domain: the data of a TXT record, and the record in it.
#include <cstdint>

#include "dht/txt_rdata.h"
#include "src/core/domain_record.h"
#include "tests/fuzz/require.h"

using namespace satchel;
using testing::require;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const text = location::joined_strings({data, size});
    if (!text) return 0;
    require(text->size() <= size);
    auto const record = DomainRecord::parse(*text);
    if (!record) return 0;
    auto const again = DomainRecord::parse(record->to_text());
    require(again && *again == *record);
    return 0;
}
