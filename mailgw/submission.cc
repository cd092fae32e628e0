#include "mailgw/submission.h"

#include <array>

#include <unistd.h>

#include "mailgw/header_watch.h"
#include "mailgw/line_mender.h"
#include "mailgw/smtp_limits.h"

namespace satchel::mailgw {

namespace {

Result<std::size_t> read_some(int fd, std::span<Byte> out) {
    for (;;) {
        ssize_t const count = ::read(fd, out.data(), out.size());
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR) return fail(system_error("message"));
    }
}

}  // namespace

Result<SpoolDraft> draft_from(int fd, std::uint64_t message_max, TraceFacts facts, Spool& spool,
                              Envelope& envelope) {
    auto draft = spool.begin(0);
    if (!draft) return fail(draft.error());
    LineMender mender;
    HeaderWatch watch(facts.loop_token);
    std::array<Byte, smtp_limits::chunk_bytes> buffer;
    Bytes text;
    for (bool more = true; more;) {
        auto const count = read_some(fd, buffer);
        if (!count) return fail(count.error());
        text.clear();
        mender.mend(ByteSpan(buffer.data(), *count), text);
        more = *count > 0;
        if (!more) mender.finish(text, true);
        watch.look(text);
        if (draft->bytes() + text.size() > message_max) {
            return fail(Fault::too_large, "message over " + std::to_string(message_max) + " bytes");
        }
        if (auto done = draft->write(text); !done) return fail(done.error());
    }
    if (watch.own_loop_line() || watch.received_lines() > smtp_limits::received_hops) {
        return fail(Fault::refused, "mail loop");
    }
    envelope.eight_bit = watch.eight_bit();
    envelope.eight_bit_header = watch.eight_bit_header();
    if (envelope.body == BodyType::unspecified && envelope.eight_bit) {
        envelope.body = BodyType::eight_bit_mime;
    }
    facts.id = draft->id();
    envelope.trace = trace_lines(facts);
    return draft;
}

}  // namespace satchel::mailgw
