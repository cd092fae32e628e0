// Any text as an address, a domain, an endpoint: the normal form is its own normal form.
#include <cstdint>
#include <string>

#include "src/base/bytes.h"
#include "src/core/address.h"
#include "src/core/endpoint.h"
#include "src/core/limits.h"
#include "tests/fuzz/require.h"

using namespace satchel;
using testing::require;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string const text(text_of({data, size}));
    if (auto const address = Address::parse(text)) {
        require(address->text().size() <= limits::address_octets);
        auto const again = Address::parse(address->text());
        require(again && *again == *address && again->local() == address->local());
        if (auto const without = address->without_subaddress())
            require(Address::parse(without->text()) == *without);
    }
    if (auto const domain = normal_domain(text)) require(normal_domain(*domain) == *domain);
    if (auto const endpoint = Endpoint::parse(text, Endpoint::ZeroPort::allow)) {
        require(Endpoint::parse(endpoint->to_string(), Endpoint::ZeroPort::allow) == *endpoint);
        require(!endpoint->is_loopback() || endpoint->is_private());
    }
    return 0;
}
