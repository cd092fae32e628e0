// Deposits the gateway's attachments by way of the node of its home: an open file goes over, never
// the bytes.
#pragma once

#include "mailgw/attachment_depot.h"
#include "src/node/node_link.h"

namespace satchel::node {

class LocalAttachmentDepot final : public mailgw::AttachmentDepot {
public:
    explicit LocalAttachmentDepot(NodeLink link)
        : link_(std::move(link)) {}

    Result<mailgw::Deposit> deposit(mailgw::DepositOrder const& order) override;

private:
    NodeLink link_;
};

}  // namespace satchel::node
