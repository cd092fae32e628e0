// Which parts may be detached: DESIGN.md section 6, pure. Facts in, a reason to leave the part
// alone out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mailgw/message_scan.h"

namespace satchel::mailgw {

/// What the policy wants to know of a message as a whole.
struct MessageFacts {
    std::vector<std::string> field_names;  ///< of its header, lower case
    bool has_placeholder = false;          ///< some part carries X-Satchel-Part already
    unsigned highest_layer = 0;            ///< of these
};

/// What the policy wants to know of a part.
struct PartFacts {
    std::string type;  ///< lower case
    std::string name;
    bool attachment = false;             ///< Content-Disposition other than inline
    bool first = false;                  ///< of the message's leaves
    bool closed = true;                  ///< every multipart around it has its closing boundary
    bool content_id_used = false;        ///< HTML shows it
    bool placeholder = false;            ///< it carries X-Satchel-Part
    bool pgp_armor = false;              ///< its content has "-----BEGIN PGP …"
    std::vector<std::string> enclosing;  ///< types around it, outermost first
    std::uint64_t content_bytes = 0;     ///< decoded
};

/// "" if parts may be detached; else why the whole message must stay as it is. Outbound only what
/// was written here is touched; inbound everything that arrived, as it is verified by then.
std::string reason_to_leave(MessageFacts const& message, Side side);

/// False for the message's own text: that stays and is nobody's loss.
bool is_attachment(PartFacts const& part);

/// "" if the part may be detached; else why not.
std::string reason_to_keep(PartFacts const& part, DetachPolicy const& policy);

}  // namespace satchel::mailgw
