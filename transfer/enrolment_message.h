// Bodies of `POST /v1/enroll`: a user asks their domain's gateway for a binding (DESIGN section 3).
// Bytes: transfer/PROTOCOL.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/core/address.h"
#include "src/core/age_key.h"
#include "src/core/binding.h"
#include "src/core/keys.h"

namespace satchel::transfer {

/// An older user key says who comes after it: then no mail is needed, and no admin.
struct SuccessorWord {
    UserKey old_key;
    Signature signature{};

    friend bool operator==(SuccessorWord const&, SuccessorWord const&) = default;
};

/// The user key that asks is the one of the request's `Satchel-Device`.
struct EnrollRequest {
    Address address;
    AgeRecipient age_recipient;
    std::string code;  ///< from the mail; "": to be mailed, or not needed
    std::vector<SuccessorWord> predecessors;
};

struct EnrollAnswer {
    std::optional<BindingGrant> grant;  ///< none: a code is on its way by mail
};

Bytes encode_enroll_request(EnrollRequest const& request);
Result<EnrollRequest> decode_enroll_request(ByteSpan body);

Bytes encode_enroll_answer(EnrollAnswer const& answer);
Result<EnrollAnswer> decode_enroll_answer(ByteSpan body);

/// `old_key` hands an address over to `new_key`, and to what is encrypted for `recipient`.
SuccessorWord name_successor(SigningKey const& old_key, Address const& address,
                             UserKey const& new_key, AgeRecipient const& recipient);
bool successor_holds(SuccessorWord const& word, Address const& address, UserKey const& new_key,
                     AgeRecipient const& recipient);

}  // namespace satchel::transfer
