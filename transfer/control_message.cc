#include "transfer/control_message.h"

#include <algorithm>

#include "src/core/limits.h"
#include "src/core/msgpack_codec.h"
#include "src/core/utf8.h"
#include "transfer/control_limits.h"

namespace satchel::transfer {
namespace {

/// What may be shown and sent: UTF-8 without control characters, cut at `octets`.
std::string speakable(std::string text, std::size_t octets) {
    if (text.size() > octets) text.resize(octets);
    bool const utf8 = is_utf8(text);
    for (char& c : text) {
        auto const byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8)) c = '?';
    }
    return text;
}

void write_policy(MsgpackWriter& out, AcceptPolicy const& policy) {
    out.map(4);
    out.key(1).number(policy.max_bytes);
    out.key(2).number(static_cast<std::uint64_t>(policy.from));
    out.key(3).number(policy.min_bytes);
    out.key(4).number(policy.min_copies);
}

AcceptPolicy read_policy(MsgpackFields& fields) {
    AcceptPolicy policy;
    policy.max_bytes = fields.number(1);
    policy.from = static_cast<AcceptFrom>(fields.number(2, 2));
    policy.min_bytes = fields.number(3);
    policy.min_copies = fields.number(4);
    return policy;
}

}  // namespace

Bytes encode_ping(PingAnswer const& answer) {
    MsgpackWriter out;
    out.map(4);
    out.key(1).binary(answer.node.bytes);
    out.key(2).flag(answer.available);
    out.key(3);
    write_policy(out, answer.accept);
    out.key(4).number(answer.clock);
    return out.take();
}

Result<PingAnswer> decode_ping(ByteSpan body) {
    auto const value = decode_msgpack(body, control_limits::small_answer_bytes);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_map(*value);
    PingAnswer answer;
    answer.node.bytes = fields.binary_of<32>(1);
    answer.available = fields.flag(2);
    if (MsgpackValue const* const accept = fields.value(3)) {
        auto nested = MsgpackFields::of_map(*accept);
        answer.accept = read_policy(nested);
        if (auto status = nested.status(); !status) return fail(status.error());
    }
    answer.clock = fields.number(4);
    if (auto status = fields.status(); !status) return fail(status.error());
    return answer;
}

Bytes encode_offer_request(Offer const& offer, std::optional<ByteSpan> blob) {
    MsgpackWriter out;
    out.map(blob ? 2 : 1);
    out.key(1).binary(encode_offer(offer));
    if (blob) out.key(2).binary(*blob);
    return out.take();
}

Result<OfferRequest> decode_offer_request(ByteSpan body) {
    auto const value = decode_msgpack(body, limits::control_body_bytes);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_map(*value);
    Bytes const encoded = fields.binary(1, limits::offer_bytes);
    std::optional<Bytes> blob;
    if (fields.has(2)) blob = fields.binary(2, limits::inline_blob_bytes);
    if (auto status = fields.status(); !status) return fail(status.error());
    auto offer = decode_offer(encoded);
    if (!offer) return fail(offer.error());
    return OfferRequest{std::move(*offer), std::move(blob)};
}

Bytes encode_progress(OfferProgress const& progress) {
    MsgpackWriter out;
    bool const more = progress.until && !progress.more.empty();
    out.map(more ? 4U : progress.until ? 3U : 2U);
    out.key(1).number(static_cast<std::uint64_t>(progress.action));
    out.key(2).number(progress.have);
    if (progress.until) out.key(3).number(*progress.until);
    if (!more) return out.take();
    out.key(4).array(progress.more.size());
    for (Gap const& gap : progress.more)
        out.array(2).number(gap.first).number(gap.end);
    return out.take();
}

Result<OfferProgress> decode_progress(ByteSpan body) {
    auto const value = decode_msgpack(body, control_limits::small_answer_bytes);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_map(*value);
    std::uint64_t const action = fields.number(1, 4);
    OfferProgress progress{static_cast<OfferAction>(action), fields.number(2), std::nullopt};
    if (fields.has(3)) progress.until = fields.number(3);
    std::uint64_t behind = progress.until.value_or(0);
    for (MsgpackValue const& one : fields.optional_array(4, control_limits::gaps_at_once - 1)) {
        auto pair = MsgpackFields::of_array(one, 2);
        Gap const gap{pair.number(0), pair.number(1)};
        if (auto status = pair.status(); !status) return fail(status.error());
        if (!progress.until || gap.first <= behind || gap.end <= gap.first)
            return fail(Fault::corrupt, "gaps that are none");
        behind = gap.end;
        progress.more.push_back(gap);
    }
    if (auto status = fields.status(); !status) return fail(status.error());
    if (action == 0) return fail(Fault::corrupt, "an action that nobody knows");
    if (progress.until && *progress.until <= progress.have)
        return fail(Fault::corrupt, "nothing is wanted, and not all is there");
    return progress;
}

Bytes encode_refusal(Refusal const& refusal) {
    MsgpackWriter out;
    out.map(2);
    out.key(1).text(speakable(refusal.code, control_limits::code_octets));
    out.key(2).text(speakable(refusal.reason, control_limits::reason_octets));
    return out.take();
}

Result<Refusal> decode_refusal(unsigned status, ByteSpan body) {
    auto const value = decode_msgpack(body, control_limits::small_answer_bytes);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_map(*value);
    Refusal refusal;
    refusal.status = status;
    refusal.code =
        speakable(fields.text(1, control_limits::code_octets), control_limits::code_octets);
    refusal.reason =
        speakable(fields.text(2, control_limits::reason_octets), control_limits::reason_octets);
    if (auto good = fields.status(); !good) return fail(good.error());
    return refusal;
}

Bytes encode_waiting(std::vector<Offer> const& offers) {
    MsgpackWriter out;
    std::size_t const count = std::min(offers.size(), control_limits::waiting_offers);
    out.array(count);
    for (std::size_t i = 0; i < count; ++i)
        out.binary(encode_offer(offers[i]));
    return out.take();
}

Result<std::vector<Offer>> decode_waiting(ByteSpan body) {
    auto const value = decode_msgpack(body, control_limits::waiting_bytes);
    if (!value) return fail(value.error());
    auto const* const items = std::get_if<MsgpackValue::Array>(&value->content);
    if (items == nullptr) return fail(Fault::corrupt, "not a list of offers");
    if (items->size() > control_limits::waiting_offers) {
        return fail(Fault::too_large, "too many waiting offers");
    }
    std::vector<Offer> offers;
    for (MsgpackValue const& item : *items) {
        auto const* const encoded = std::get_if<Bytes>(&item.content);
        if (encoded == nullptr) return fail(Fault::corrupt, "not a list of offers");
        auto offer = decode_offer(*encoded);
        if (!offer) return fail(offer.error());
        offers.push_back(std::move(*offer));
    }
    return offers;
}

Refusal refusal_for(Error const& error) {
    switch (error.fault) {
        case Fault::usage:
        case Fault::config:
            return {400, "bad-request", error.what};
        case Fault::corrupt:
            return {422, "wrong-bytes", error.what};
        case Fault::not_found:
            return {404, "not-found", error.what};
        case Fault::refused:
        case Fault::untrusted:
            return {403, "refused", error.what};
        case Fault::too_large:
            return {413, "too-large", error.what};
        case Fault::no_space:
            return {507, "no-space", error.what};
        case Fault::unavailable:
        case Fault::timed_out:
            return {503, "unavailable", error.what};
        case Fault::io:
            // What our disk says is no business of a stranger's.
            return {500, "io", "the node has trouble with its disk"};
    }
    return {500, "io", ""};
}

Error error_for(Refusal const& refusal) {
    auto const told = [&](Fault fault) {
        std::string words = "the other node answered " + std::to_string(refusal.status);
        if (!refusal.reason.empty()) words += ": " + refusal.reason;
        if (!refusal.code.empty()) words += " (" + refusal.code + ")";
        return Error{fault, std::move(words)};
    };
    switch (refusal.status) {
        case 401:
        case 403:
            return told(Fault::refused);
        case 404:
            return told(Fault::not_found);
        case 408:
            return told(Fault::timed_out);
        case 413:
            return told(Fault::too_large);
        case 422:
            return told(Fault::corrupt);
        case 507:
            return told(Fault::no_space);
        case 409:
        case 429:
        case 500:
        case 503:
            return told(Fault::unavailable);
        default:
            return told(Fault::refused);
    }
}

}  // namespace satchel::transfer
