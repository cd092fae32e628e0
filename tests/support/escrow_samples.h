// Blobs and tickets for tests of what escrow keeps.
#pragma once

#include <memory>
#include <string>

#include "src/node/escrow_vault.h"
#include "tests/support/memory_file.h"
#include "tests/support/sample_blob.h"

namespace satchel::testing {

inline node::CarriedBlob carried(SampleBlob const& blob) {
    auto file = std::make_shared<UniqueFd>(memory_file(text_of(blob.view())));
    // A blob of one piece has no layer to go before it.
    Bytes layer = blob.tree.layer.size() > 32 ? blob.tree.layer : Bytes();
    return {blob.id(), blob.size(), std::move(layer), std::move(file)};
}

inline node::EscrowItem item_of(SampleBlob const& blob, std::string ticket,
                                std::string const& recipient = "bob@b.test") {
    node::EscrowItem item{.ticket = std::move(ticket),
                          .content_id = blob.id(),
                          .blob_bytes = blob.size(),
                          .recipient = Address::parse(recipient).value(),
                          .sender = "alice@a.test",
                          .grant = Bytes{1, 2, 3},
                          .label = Bytes{4, 5},
                          .nodes = {},
                          .user_key = std::nullopt,
                          .receipt = {},
                          .route = {}};
    item.nodes.emplace_back().bytes.fill(7);
    return item;
}

}  // namespace satchel::testing
