// Answers the gateway's question about recipients by asking the node of its home.
#pragma once

#include "mailgw/recipient_locator.h"
#include "src/node/node_link.h"

namespace satchel::node {

class LocalRecipientLocator final : public mailgw::RecipientLocator {
public:
    explicit LocalRecipientLocator(NodeLink link)
        : link_(std::move(link)) {}

    Result<std::vector<LookupReport>> locate(std::vector<Address> const& addresses) override;

private:
    NodeLink link_;
};

}  // namespace satchel::node
