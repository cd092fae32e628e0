// A receipt with all that it takes to check it: for the one who keeps it, and for anybody they show
// it to. Bytes: src/core/FORMATS.md, "Receipt proof".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/core/address.h"
#include "src/core/locator.h"
#include "src/core/offer.h"
#include "src/core/receipt.h"

namespace satchel {

struct ReceiptProof {
    Receipt receipt;
    Offer offer;        ///< that the receipt is for
    Address recipient;  ///< whose storage the node is
    Bytes record;       ///< encoded storage record that named the node; empty: none was kept

    /// `satchel-receipt:1:<base64>`, without an end of line.
    std::string to_line() const;
    /// Form alone. Fault::corrupt: not such a line, or damaged.
    static Result<ReceiptProof> parse(std::string_view line);
    friend bool operator==(ReceiptProof const&, ReceiptProof const&) = default;
};

Bytes encode_receipt_proof(ReceiptProof const& proof);
/// Form alone. Fault::corrupt and Fault::too_large as all codecs.
Result<ReceiptProof> decode_receipt_proof(ByteSpan bytes);

/// What a proof proves, without any network.
struct ReceiptVerdict {
    /// The node signed that it holds this blob for this offer, and the offer is for `recipient`.
    bool signature_holds = false;
    /// The recipient's record, valid at the time of the receipt, names the node.
    bool node_known = false;
    NodeKey node;  ///< the key that the signature was checked against
    /// Who signed that record. Whether it is the recipient's key is for the reader to know.
    std::optional<UserKey> user_key{};
    /// The domain key that bound the user key to the address, where one did.
    std::optional<DomainKey> domain_key{};
    std::string reason{};  ///< why not; "" where all holds
};

/// Remembers the locators it computed (24 ms each). Any one thread.
class ReceiptVerifier {
public:
    ReceiptVerdict verify(ReceiptProof const& proof);

private:
    Locator const& locator_of(Address const& address);
    std::string judge_record(ReceiptProof const& proof, ReceiptVerdict& verdict);

    std::map<Address, Locator> locators_;
};

/// Proofs in a text: one a line; empty lines and such as begin with `#` say nothing. Fault::corrupt
/// names the line. Fault::not_found: there is none in it.
Result<std::vector<ReceiptProof>> parse_receipt_lines(std::string_view text);

}  // namespace satchel
