#include "src/node/local_recipient_locator.h"

#include "src/node/json_values.h"

namespace satchel::node {

Result<std::vector<LookupReport>> LocalRecipientLocator::locate(
    std::vector<Address> const& addresses) {
    std::vector<LookupReport> reports;
    for (Address const& address : addresses) {
        auto const answer = link_.call("lookup", {{"address", address.text()}, {"ping", true}});
        if (!answer) return fail(answer.error());
        auto report = lookup_report_of(*answer);
        if (!report) return fail(report.error());
        reports.push_back(std::move(*report));
    }
    return reports;
}

}  // namespace satchel::node
