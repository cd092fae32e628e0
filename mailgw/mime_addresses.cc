#include "mailgw/mime_addresses.h"

#include <gmime/gmime.h>

#include "mailgw/mime_handle.h"

namespace satchel::mailgw {

namespace {

constexpr std::size_t addresses_max = 10'000;
constexpr int nesting_max = 8;

void collect(InternetAddressList* list, std::vector<std::string>& addresses, int depth) {
    int const count =
        list == nullptr || depth > nesting_max ? 0 : internet_address_list_length(list);
    for (int i = 0; i < count && addresses.size() < addresses_max; ++i) {
        InternetAddress* const each = internet_address_list_get_address(list, i);
        if (INTERNET_ADDRESS_IS_GROUP(each)) {
            collect(internet_address_group_get_members(INTERNET_ADDRESS_GROUP(each)), addresses,
                    depth + 1);
        } else if (!INTERNET_ADDRESS_IS_MAILBOX(each)) {
            continue;
        } else if (char const* const text =
                       internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(each))) {
            addresses.emplace_back(text);
        }
    }
}

}  // namespace

std::vector<std::string> addresses_in(_InternetAddressList* list) {
    std::vector<std::string> addresses;
    collect(list, addresses, 0);
    return addresses;
}

std::vector<std::string> addresses_in(std::string_view field_value) {
    ensure_gmime();
    auto const list = adopt(internet_address_list_parse(nullptr, std::string(field_value).c_str()));
    return addresses_in(list.get());
}

}  // namespace satchel::mailgw
