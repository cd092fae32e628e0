// What a storage node says to an offer, a layer or a blob, as its sender reads it.
#pragma once

#include <variant>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/core/receipt.h"
#include "transfer/control_message.h"

namespace satchel::transfer {

using IntakeAnswer = std::variant<Receipt, OfferProgress>;

/// The reason that the other side gave for a status from 400 on.
Error refused_by(unsigned status, ByteSpan body);

/// Of bytes that are no answer: for a person, who knows nothing of heads and fields.
Error senseless(Error const& why);

/// A receipt of 200 and 201, progress of 202, else refused_by().
Result<IntakeAnswer> read_intake_answer(unsigned status, ByteSpan body);

}  // namespace satchel::transfer
