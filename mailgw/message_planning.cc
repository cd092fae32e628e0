#include "mailgw/message_planning.h"

#include <map>

namespace satchel::mailgw {

namespace {

using Reports = std::map<Address, LookupReport>;

/// Each address once.
Result<Reports> look_up(std::vector<RecipientPlan> const& recipients, RecipientLocator& locator) {
    std::map<Address, bool> wanted;
    for (RecipientPlan const& recipient : recipients) {
        if (recipient.address && !recipient.address->is_literal()) wanted[*recipient.address];
    }
    std::vector<Address> addresses;
    for (auto const& [address, unused] : wanted)
        addresses.push_back(address);
    Reports reports;
    if (addresses.empty()) return reports;
    auto found = locator.locate(addresses);
    if (!found) return fail(found.error());
    if (found->size() != addresses.size()) {
        return fail(Fault::corrupt, "lookup: not one report per address");
    }
    for (std::size_t i = 0; i < addresses.size(); ++i)
        reports.emplace(addresses[i], std::move((*found)[i]));
    return reports;
}

}  // namespace

MessagePlan plan_scanned(ScannedMessage message, PlanningOrder const& order,
                         RecipientLocator& locator) {
    MessagePlan plan{std::move(message), "", {}};
    if (auto const address = Address::parse(order.sender)) plan.sender = address->text();
    PlanningFacts facts{{}, plan.sender, order.sender.empty(), order.may_escrow};
    for (DetachablePart const& part : plan.message.parts)
        facts.content_bytes.push_back(part.label.bytes);
    for (std::string const& recipient : order.recipients) {
        auto address = Address::parse(recipient);
        plan.recipients.push_back(
            {address ? std::optional<Address>(std::move(*address)) : std::nullopt, {}, ""});
    }
    Result<Reports> const reports =
        needs_lookup(facts) ? look_up(plan.recipients, locator) : Result<Reports>(Reports());
    for (RecipientPlan& recipient : plan.recipients) {
        std::string why = reports ? "" : reports.error().what;
        if (!recipient.address) why = "not an address that could have storage";
        if (recipient.address && recipient.address->is_literal()) {
            why = "an address literal has no storage";
        }
        std::optional<LookupReport> report;
        if (reports && recipient.address) {
            auto const found = reports->find(*recipient.address);
            if (found != reports->end()) report = found->second;
        }
        recipient.planned = plan_delivery(facts, report, why);
        if (report) recipient.page = report->page;
    }
    return plan;
}

Result<MessagePlan> plan_message(int fd, DetachPolicy const& policy, PlanningOrder const& order,
                                 RecipientLocator& locator) {
    auto scanned = scan_message(fd, policy);
    if (!scanned) return fail(scanned.error());
    return plan_scanned(std::move(*scanned), order, locator);
}

}  // namespace satchel::mailgw
