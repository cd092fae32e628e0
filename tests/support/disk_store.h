// What tests of the disk store have in common: options without a disk margin, and a look at a blob.
#pragma once

#include <doctest/doctest.h>

#include "tests/support/sample_blob.h"
#include "transfer/disk_blob_store.h"

namespace satchel::testing {

inline transfer::DiskStoreOptions options_in(std::filesystem::path const& folder) {
    transfer::DiskStoreOptions options;
    options.folder = folder;
    options.quota = {1U << 30U, 1U << 30U};
    options.disk_margin_bytes = 0;
    return options;
}

inline void check_whole(transfer::BlobStore& store, SampleBlob const& blob) {
    auto const fd = store.open(blob.id());
    REQUIRE(fd);
    Bytes bytes(blob.size());
    CHECK(*read_at(fd->get(), bytes, 0) == blob.size());
    CHECK(bytes == blob.bytes);
    CHECK(*file_size(fd->get()) == blob.size());
}

}  // namespace satchel::testing
