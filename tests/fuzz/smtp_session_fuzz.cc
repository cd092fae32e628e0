// Any bytes as one side of an SMTP conversation: replies and messages do not depend on how the
// bytes were cut on their way.
#include <algorithm>
#include <cstdint>
#include <string>

#include "mailgw/smtp_session.h"
#include "tests/fuzz/require.h"

using namespace satchel;
using testing::require;

namespace {

struct Transcript {
    std::string replies;
    std::string messages;

    friend bool operator==(Transcript const&, Transcript const&) = default;
};

Transcript talk(ByteSpan input, std::size_t step) {
    using Act = mailgw::SmtpSession::Act;
    mailgw::SmtpSession session({"gw.b.test", 10'000, true, true, "token"}, "127.0.0.1");
    Transcript heard;
    for (;;) {
        Act const act = session.next();
        if (act == Act::open_draft) {
            session.draft_opened({});
        } else if (act == Act::write) {
            heard.messages += text_of(session.chunk());
            session.written({});
        } else if (act == Act::store) {
            heard.messages += "\nstored\n";
            session.stored(std::string("id"));
        } else if (act == Act::discard) {
            heard.messages += "\ndiscarded\n";
        } else if (act == Act::close || input.empty()) {
            heard.replies += session.take_replies();
            return heard;
        } else {
            heard.replies += session.take_replies();
            std::size_t const size = std::min(step, input.size());
            session.feed(input.first(size));
            input = input.subspan(size);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ByteSpan const input(data, size);
    Transcript const whole = talk(input, size + 1);
    require(talk(input, 1) == whole);
    require(talk(input, 7) == whole);
    return 0;
}
