// What the contracts of a BlobStore ask of it again and again. Each fails the test that asks.
#pragma once

#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "src/base/unique_fd.h"
#include "tests/support/sample_blob.h"
#include "transfer/blob_store.h"

namespace satchel::testing {

inline std::unique_ptr<transfer::BlobUpload> begin(transfer::BlobStore& store,
                                                   SampleBlob const& blob,
                                                   std::string const& sender = "alice@a.test") {
    auto upload = store.receive(blob.id(), blob.size(), sender);
    REQUIRE(upload);
    return std::move(*upload);
}

inline Bytes read_back(transfer::BlobStore& store, ContentId const& id) {
    auto const fd = store.open(id);
    REQUIRE(fd);
    auto const size = file_size(fd->get());
    REQUIRE(size);
    Bytes bytes(*size);
    auto const read = read_at(fd->get(), bytes, 0);
    REQUIRE(read);
    REQUIRE(*read == bytes.size());
    return bytes;
}

inline bool holds(transfer::BlobStore& store, ContentId const& id) {
    auto const found = store.find(id);
    REQUIRE(found);
    return found->has_value();
}

template <class T>
Fault fault_of(Result<T> const& result) {
    REQUIRE_FALSE(result);
    return result.error().fault;
}

}  // namespace satchel::testing
