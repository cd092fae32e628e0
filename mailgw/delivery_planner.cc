#include "mailgw/delivery_planner.h"

#include <algorithm>

#include "src/core/limits.h"

namespace satchel::mailgw {

namespace {

PlannedDelivery full(std::string reason) {
    return {Plan::full, std::move(reason)};
}

std::string or_else(std::string const& reason, char const* otherwise) {
    return reason.empty() ? otherwise : reason;
}

/// Why the accept policy of the record refuses, "" if it does not. Whether an attestation or the
/// contacts of the storage satisfy it is for the storage to say, when it sees the offer.
std::string refused_by_policy(PlanningFacts const& message, AcceptPolicy const& accept) {
    for (std::uint64_t const bytes : message.content_bytes) {
        auto const blob = blob_bytes_for(bytes);
        if (blob > accept.max_bytes) {
            return "storage takes at most " + std::to_string(accept.max_bytes) +
                   " bytes, an attachment would be " + std::to_string(blob);
        }
        if (blob < accept.min_bytes) {
            return "storage takes nothing under " + std::to_string(accept.min_bytes) +
                   " bytes, an attachment would be " + std::to_string(blob);
        }
    }
    if (accept.from != AcceptFrom::anyone && message.sender.empty()) {
        return "storage wants to know the sender";
    }
    return {};
}

}  // namespace

char const* to_string(Plan plan) {
    switch (plan) {
        case Plan::full:
            return "full";
        case Plan::push:
            return "push";
        case Plan::pull:
            return "pull";
        case Plan::escrow:
            return "escrow";
    }
    return "full";
}

std::optional<Plan> parse_plan(std::string_view word) {
    if (word == "full") return Plan::full;
    if (word == "push") return Plan::push;
    if (word == "pull") return Plan::pull;
    if (word == "escrow") return Plan::escrow;
    return std::nullopt;
}

std::uint64_t blob_bytes_for(std::uint64_t content_bytes) {
    constexpr std::uint64_t nonce = 16;
    constexpr std::uint64_t tag = 16;
    auto const chunks = std::max<std::uint64_t>(
        1, (content_bytes + limits::age_chunk_bytes - 1) / limits::age_chunk_bytes);
    return nonce + content_bytes + chunks * tag;
}

bool needs_lookup(PlanningFacts const& message) {
    return !message.content_bytes.empty() && !message.null_sender;
}

PlannedDelivery plan_delivery(PlanningFacts const& message,
                              std::optional<LookupReport> const& report,
                              std::string const& why_unknown) {
    if (message.content_bytes.empty()) return full("no attachment that may be detached");
    if (message.null_sender) return full("no sender");
    if (!report) return full(or_else(why_unknown, "recipient could not be looked up"));
    if (report->address.is_literal()) return full("an address literal has no storage");
    if (!report->storage) {
        return full(report->conclusive
                        ? or_else(report->reason, "no storage record")
                        : "no answer in time: " + or_else(report->reason, "location service"));
    }
    if (!report->trusted) return full(or_else(report->reason, "storage record not trusted"));
    if (!report->age_recipient) return full("storage record names no key to encrypt to");
    if (auto why = refused_by_policy(message, report->accept); !why.empty()) {
        return full(std::move(why));
    }
    if (!report->available) {
        return {message.may_escrow ? Plan::escrow : Plan::full,
                or_else(report->reason, "storage unavailable")};
    }
    bool const dialable =
        std::any_of(report->nodes.begin(), report->nodes.end(),
                    [](NodeReport const& node) { return node.available && !node.pull_only; });
    return {dialable ? Plan::push : Plan::pull, ""};
}

}  // namespace satchel::mailgw
