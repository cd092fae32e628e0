// Asks the node of this home about attachments in escrow.
#pragma once

#include "mailgw/escrow_depot.h"
#include "src/node/node_link.h"

namespace satchel::node {

class LocalEscrowDepot final : public mailgw::EscrowDepot {
public:
    explicit LocalEscrowDepot(NodeLink link)
        : link_(std::move(link)) {}

    Result<std::vector<mailgw::EscrowReport>> look(
        std::vector<std::string> const& tickets) override;
    Status hurry(std::vector<std::string> const& tickets) override;
    Status release(std::vector<std::string> const& tickets) override;

private:
    NodeLink link_;
};

}  // namespace satchel::node
