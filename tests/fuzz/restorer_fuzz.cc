// Any bytes as a message to be restored, with restore data and content that its writer chose: the
// restorer stays within its bounds, and what it calls exact is so. The input is the content up to
// the first zero octet, then the message; `restore=` and `grant=` are as open as the world is.
#include <cstdint>

#include "mailgw/placeholder_reader.h"
#include "mailgw/restore_data.h"
#include "src/base/sha256.h"
#include "tests/fuzz/require.h"
#include "tests/support/memory_file.h"
#include "tests/support/restoring.h"

using namespace satchel;
using testing::require;

namespace {

/// Everything opens, and every blob holds the same.
class OpenWorld final : public mailgw::ContentSource {
public:
    explicit OpenWorld(ByteSpan content)
        : content_(content) {}

    Result<Bytes> open_restore(ByteSpan sealed) override { return copy_of(sealed); }

    Status fetch(Reference const&, ByteSpan, int out) override { return write_all(out, content_); }

private:
    ByteSpan content_;
};

bool is_original(std::string const& text, mailgw::RestoreData const& data) {
    if (data.message_bytes > text.size()) return false;
    std::string const tail = text.substr(text.size() - data.message_bytes);
    return sha256(bytes_of(tail)) == data.message_sha256;
}

void check(ByteSpan content, std::string const& message) {
    OpenWorld world(content);
    auto const back = testing::restore(message, world);
    UniqueFd const file = testing::memory_file(message);
    auto const placeholders = mailgw::find_placeholder_parts(file.get());
    require(placeholders && placeholders->size() == back.outcome.parts.size());
    require(back.outcome.parts.size() <= mailgw::placeholders_max + 1);
    std::size_t put_back = 0;
    bool described = back.outcome.parts.empty();
    for (std::size_t i = 0; i < placeholders->size(); ++i) {
        if (back.outcome.parts[i].trouble) continue;
        ++put_back;
        auto const data =
            mailgw::decode_restore_data((*placeholders)[i].found.sealed_restore.value());
        require(data.has_value());
        described = described || is_original(back.text, *data);
    }
    bool const partial = back.outcome.state == mailgw::RestoreState::partial;
    require(partial == (put_back < placeholders->size()));
    require(back.outcome.state != mailgw::RestoreState::exact || described);
    if (put_back == 0) {
        // No octet but CRs before bare LFs.
        std::string left = back.text;
        std::string given = message;
        std::erase(left, '\r');
        std::erase(given, '\r');
        require(left == given);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const input = text_of({data, size});
    std::size_t const zero = std::min(input.find('\0'), input.size());
    std::string const rest(input.substr(std::min(zero + 1, input.size())));
    check(bytes_of(input.substr(0, zero)), rest);
    check(bytes_of(input.substr(0, zero)), std::string(input));
    return 0;
}
