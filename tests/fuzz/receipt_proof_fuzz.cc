// Any bytes as a receipt proof, and as a file of receipt lines.
#include <cstdint>

#include "src/core/receipt_proof.h"
#include "tests/fuzz/require.h"

using namespace satchel;
using testing::require;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ByteSpan const bytes(data, size);
    if (auto const proof = decode_receipt_proof(bytes)) {
        require(encode_receipt_proof(*proof) == copy_of(bytes));
        static ReceiptVerifier verifier;  // an address costs it 24 ms, but once
        static_cast<void>(verifier.verify(*proof));
    }
    if (auto const proofs = parse_receipt_lines(text_of(bytes))) {
        for (ReceiptProof const& proof : *proofs)
            require(*ReceiptProof::parse(proof.to_line()) == proof);
    }
    return 0;
}
