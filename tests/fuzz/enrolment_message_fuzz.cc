// Bodies of enrolment, of records to keep and of reach: what is read is written again the same way.
#include <cstdint>

#include "tests/fuzz/require.h"
#include "transfer/enrolment_message.h"
#include "transfer/reach_message.h"
#include "transfer/records_message.h"

using namespace satchel;
using namespace satchel::transfer;
using testing::require;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ByteSpan const body(data, size);
    if (auto const request = decode_enroll_request(body))
        require(decode_enroll_request(encode_enroll_request(*request)).has_value());
    if (auto const records = decode_records(body))
        require(decode_records(encode_records(*records)).has_value());
    if (auto const asked = decode_reach_request(body))
        require(decode_reach_request(encode_reach_request(*asked)).has_value());
    if (auto const told = decode_reach_answer(body))
        require(decode_reach_answer(encode_reach_answer(*told)).has_value());
    return 0;
}
