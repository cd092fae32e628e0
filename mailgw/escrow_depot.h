// What the gateway asks about attachments in escrow: blobs that a node keeps durably, one ticket
// for each (blob, recipient), and brings to the recipient's storage once that is back. The node
// fulfils it. Blocking; one object per thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/result.h"

namespace satchel::mailgw {

enum class EscrowState {
    waiting,    ///< kept, not brought yet
    delivered,  ///< the recipient's storage has it, receipt is in; the blob here is gone
    unknown     ///< no such ticket: nothing is kept
};

struct EscrowReport {
    EscrowState state = EscrowState::unknown;
    std::uint64_t bytes = 0;     ///< kept for this ticket
    Bytes receipt;               ///< encoded Receipt, where delivered
    std::string route;           ///< "inline", "direct", where delivered
    std::string reason;          ///< why not yet, where waiting
    std::uint64_t tries = 0;     ///< looks at the recipient's storage
    std::uint64_t next_try = 0;  ///< Unix seconds, where waiting
};

class EscrowDepot {
public:
    virtual ~EscrowDepot() = default;

    /// One report per ticket, in order. An error means that nobody could be asked: conclude
    /// nothing.
    virtual Result<std::vector<EscrowReport>> look(std::vector<std::string> const& tickets) = 0;

    /// Looks at the recipients' storage now.
    virtual Status hurry(std::vector<std::string> const& tickets) = 0;

    /// Ends escrow: what is kept for these tickets alone goes. Unknown ones are passed over.
    virtual Status release(std::vector<std::string> const& tickets) = 0;
};

}  // namespace satchel::mailgw
