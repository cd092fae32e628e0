#include "src/cli/typed_address.h"

namespace satchel::cli {

Result<Address> parse_typed_address(std::string const& text) {
    auto address = Address::parse(text);
    if (address) return address;
    constexpr std::size_t longest_repeated = 80;
    return fail(address.error().fault, '`' + text.substr(0, longest_repeated) +
                                           "`: " + address.error().what +
                                           "; bob@example.test would be one");
}

}  // namespace satchel::cli
