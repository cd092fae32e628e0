// What the gateway needs to know of recipients: who has storage, and can it be reached. The node
// fulfils it. Blocking; called from delivery threads.
#pragma once

#include <vector>

#include "src/base/result.h"
#include "src/core/address.h"
#include "src/core/lookup_report.h"

namespace satchel::mailgw {

class RecipientLocator {
public:
    virtual ~RecipientLocator() = default;

    /// One report per address, in order. An error means that nobody could be asked at all.
    virtual Result<std::vector<LookupReport>> locate(std::vector<Address> const& addresses) = 0;
};

}  // namespace satchel::mailgw
