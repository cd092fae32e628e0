// What the gateway needs from the world to get rid of an attachment: encrypt it once, bring it to
// its recipients' storage, or keep it for them. The node fulfils it. Blocking; called from delivery
// threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/core/address.h"
#include "src/core/content_id.h"
#include "src/core/file_label.h"

namespace satchel::mailgw {

/// Where the content stands: a range of an open file and how to decode it. Never the bytes
/// themselves.
struct AttachmentSource {
    enum class Decoding {
        identity,
        base64,
        deflate_text
    };  // deflate_text: the range as it stands, deflated (verbatim mode)

    int fd = -1;  ///< borrowed for the call
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    Decoding decoding = Decoding::identity;
};

struct DepositOrder {
    AttachmentSource source;
    FileLabel label;     ///< its size and digest are of the content as decoded
    Bytes restore;       ///< how to rebuild the part; comes back sealed for each recipient
    std::string sender;  ///< normal form, "" for none
    std::vector<Address> recipients;  ///< who share one blob and file key
    bool may_escrow = false;          ///< keep it where a storage can't be reached now
};

struct DepositOutcome {
    Address recipient;
    bool stored = false;
    std::string ticket;    ///< of the escrow that keeps it durably (EscrowDepot); "" if none does
    std::string reason;    ///< why not stored; "" if stored
    Bytes grant;           ///< age header for this recipient
    Bytes sealed_restore;  ///< age file for this recipient
    Bytes receipt;         ///< encoded Receipt; empty unless stored
    std::string route;     ///< "inline", "direct", …
};

struct Deposit {
    ContentId content_id;
    std::uint64_t blob_bytes = 0;
    std::vector<DepositOutcome> outcomes;  ///< one per recipient, in order
};

class AttachmentDepot {
public:
    virtual ~AttachmentDepot() = default;
    virtual Result<Deposit> deposit(DepositOrder const& order) = 0;
};

}  // namespace satchel::mailgw
