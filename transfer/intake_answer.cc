#include "transfer/intake_answer.h"

#include <utility>

namespace satchel::transfer {

Error refused_by(unsigned status, ByteSpan body) {
    auto const refusal = decode_refusal(status, body);
    return error_for(refusal ? *refusal : Refusal{status, "", ""});
}

Error senseless(Error const& why) {
    return {Fault::corrupt, "the other node's answer makes no sense: " + why.what};
}

Result<IntakeAnswer> read_intake_answer(unsigned status, ByteSpan body) {
    if (status == 200 || status == 201) {
        auto receipt = decode_receipt(body);
        if (!receipt) return fail(senseless(receipt.error()));
        return IntakeAnswer(std::move(*receipt));
    }
    if (status == 202) {
        auto const progress = decode_progress(body);
        if (!progress) return fail(senseless(progress.error()));
        return IntakeAnswer(*progress);
    }
    return fail(refused_by(status, body));
}

}  // namespace satchel::transfer
