// Two values that a stranger puts under one id, one after the other, at a storing node: what is
// admitted is whole and in its place, and an edit is admitted only by a newer record. The first two
// octets tell how long the first value is.
#include <cstdint>

#include "dht/record_policy.h"
#include "tests/fuzz/require.h"

using namespace satchel;
using namespace satchel::location;
using testing::require;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size < 2) return 0;
    ByteSpan const bytes(data + 2, size - 2);
    std::size_t const cut = (std::size_t{data[0]} << 8U | data[1]) % (bytes.size() + 1);
    ByteSpan const first = bytes.first(cut);
    ByteSpan const second = bytes.subspan(cut);
    auto const held = decode_record(first);
    auto const candidate = decode_record(second);
    // The place that suits the attacker best: the one that the record itself names.
    RecordPlace const place = candidate ? place_of(*candidate)
                              : held    ? place_of(*held)
                                        : RecordPlace();
    auto const now = candidate ? candidate->issued : held ? held->issued : 0;
    if (auto const admitted = admit_record(place, second, now)) {
        require(place_of(*admitted) == place);
        require(second.size() == encoded_bytes(place.kind));
        require(encode_record(*admitted) == copy_of(second));
    }
    if (auto const edited = admit_edit(place, first, second, now)) {
        require(edited->kind == place.kind);
        if (held) require(place.kind != RecordKind::pull_notice && supersedes(*edited, *held));
    }
    return 0;
}
