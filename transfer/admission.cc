#include "transfer/admission.h"

#include <algorithm>

#include "src/core/limits.h"

namespace satchel::transfer {
namespace {

/// A binding speaks for its address, and for tagged ones where it says so.
bool binding_covers(Binding const& binding, Address const& sender) {
    if (binding.address == sender) return true;
    auto const plain = sender.without_subaddress();
    return binding.subaddress == "+" && plain && binding.address == *plain;
}

bool bound_by(Binding const& binding, Address const& sender, DomainTrust const& domain,
              std::uint64_t now) {
    return binding_covers(binding, sender) && binding.issued <= now + limits::clock_skew_seconds &&
           now < binding.expires &&
           std::find(domain.keys.begin(), domain.keys.end(), binding.domain_key) !=
               domain.keys.end() &&
           binding.signature_holds();
}

/// One that bytes can be counted against.
bool is_normal_address(std::string const& text) {
    auto const address = Address::parse(text);
    return address && address->text() == text && !address->is_literal();
}

Admission refuse(unsigned status, char const* code, std::string reason) {
    return {Refusal{status, code, std::move(reason)}, {}};
}

/// Is it a proper offer for us, from the one who calls?
std::optional<Admission> wrong_form(Offer const& offer, AdmissionFacts const& facts) {
    if (offer.recipient_node != facts.self) {
        return refuse(403, "wrong-node", "the offer is addressed to another node");
    }
    if (offer.sender_node != facts.caller) {
        return refuse(403, "wrong-sender", "the offer names another sending node");
    }
    if (offer.size == 0) return refuse(403, "empty", "a blob is never empty");
    if (offer.expires <= facts.now_seconds) {
        return refuse(403, "expired", "the offer has expired, or the clocks differ");
    }
    if (offer.expires >
        facts.now_seconds + limits::offer_lifetime_seconds + limits::clock_skew_seconds) {
        return refuse(403, "lives-too-long", "an offer lives an hour at most");
    }
    if (!offer_signature_holds(offer)) {
        return refuse(403, "bad-signature", "the offer's signature is wrong");
    }
    return std::nullopt;
}

std::optional<Admission> wrong_size(Offer const& offer, AcceptPolicy const& accept) {
    if (offer.size > accept.max_bytes) {
        return refuse(
            413, "too-large",
            "this storage takes blobs of at most " + std::to_string(accept.max_bytes) + " bytes");
    }
    if (offer.size < accept.min_bytes) {
        return refuse(
            403, "too-small",
            "this storage takes blobs of at least " + std::to_string(accept.min_bytes) + " bytes");
    }
    return std::nullopt;
}

}  // namespace

bool is_attested(Offer const& offer, DomainTrust const& sender_domain, std::uint64_t now_seconds) {
    if (!is_normal_address(offer.sender)) return false;
    auto const sender = Address::parse(offer.sender);
    auto const& gateways = sender_domain.gateway_keys;
    if (std::find(gateways.begin(), gateways.end(), offer.signer) != gateways.end()) return true;
    return offer.sender_binding && offer.signer == offer.sender_binding->user_key &&
           bound_by(*offer.sender_binding, *sender, sender_domain, now_seconds);
}

Admission admit(Offer const& offer, AdmissionFacts const& facts) {
    if (auto refused = wrong_form(offer, facts)) return *refused;
    if (!facts.available) return refuse(503, "away", "this storage is not available now");
    if (!facts.recipient) return refuse(403, "unknown-recipient", "not stored for here");
    if (auto refused = wrong_size(offer, facts.accept)) return *refused;

    if (facts.by_own_node) {
        // It was admitted there, and counts here for whom it counted there.
        bool const told = is_normal_address(offer.sender);
        return {std::nullopt, {told, told ? offer.sender : unverified_account}};
    }
    bool const pinned = facts.contact_key && offer.signer == *facts.contact_key;
    // Our own mail server may hand on what it received. Who sent it is what SMTP said, which
    // anybody could: good for no contact, and for no account but one apart.
    auto const& ours = facts.own_gateways;
    bool const by_own_gateway = std::find(ours.begin(), ours.end(), offer.signer) != ours.end() &&
                                is_normal_address(offer.sender);
    bool const by_sender = pinned || is_attested(offer, facts.sender_domain, facts.now_seconds);
    bool const attested =
        by_sender || (by_own_gateway && facts.accept.from != AcceptFrom::contacts);
    if (facts.accept.from != AcceptFrom::anyone && !attested) {
        return refuse(401, "unattested",
                      "no key that the sender's domain vouches for has signed the offer");
    }
    if (facts.accept.from == AcceptFrom::contacts) {
        if (!facts.contact_key) {
            return refuse(403, "no-contact", "this storage takes from contacts only");
        }
        // A user key other than the pinned one is an alarm; a gateway of the domain may speak for
        // the contact, as it does for all of its users.
        if (!pinned && offer.sender_binding && offer.signer == offer.sender_binding->user_key) {
            return refuse(403, "changed-key", "the contact is pinned to another user key");
        }
    }
    std::string account = unverified_account;
    if (attested) account = (by_sender ? "" : own_gateway_account) + offer.sender;
    return {std::nullopt, {attested, std::move(account)}};
}

}  // namespace satchel::transfer
