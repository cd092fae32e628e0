#include "tests/support/memory_blob_store.h"

#include <doctest/doctest.h>

#include "tests/contract/blob_store_contract.h"

using namespace satchel;

TEST_CASE("memory blob store: keeps the contract") {
    testing::check_blob_store_contract([](transfer::StoreQuota quota) {
        return std::make_unique<testing::MemoryBlobStore>(quota);
    });
}
