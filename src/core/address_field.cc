#include "src/core/address_field.h"

#include "src/core/limits.h"

namespace satchel {

std::optional<Address> read_address(MsgpackFields& fields, std::uint64_t key) {
    std::string const text = fields.text(key, limits::address_octets);
    auto address = Address::parse(text);
    if (!address || address->text() != text) {
        fields.fail_with({Fault::corrupt, "an address that is not in normal form"});
        return std::nullopt;
    }
    return std::move(*address);
}

bool is_normal_address(std::string_view text) {
    auto const address = Address::parse(text);
    return address && address->text() == text;
}

}  // namespace satchel
