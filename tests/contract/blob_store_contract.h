// What every BlobStore promises, as one suite for the fake and the real one.
#pragma once

#include <functional>
#include <memory>

#include "transfer/blob_store.h"

namespace satchel::testing {

/// Makes an empty store with this quota. Each is used until the next is made.
using MakeBlobStore = std::function<std::unique_ptr<transfer::BlobStore>(transfer::StoreQuota)>;

/// Runs inside a doctest test case.
void check_blob_store_contract(MakeBlobStore const& make);

/// The part of it that is about drafts.
void check_blob_draft_contract(MakeBlobStore const& make);

/// And about damaged ones.
void check_blob_set_aside_contract(MakeBlobStore const& make);

}  // namespace satchel::testing
