// Any bytes as the head of an HTTP request or answer of the control protocol.
#include <cstdint>

#include "src/base/bytes.h"
#include "tests/fuzz/require.h"
#include "transfer/http_head.h"

using namespace satchel;
using testing::require;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text = text_of({data, size});
    std::size_t const length = transfer::head_length(text, 0);
    require(length <= size);
    std::string_view const head = length == 0 ? text : text.substr(0, length);
    if (auto const request = transfer::parse_request_head(head)) {
        auto const range = transfer::parse_range(request->range, 1'000);
        if (range) require(range->first <= range->last && range->last < 1'000);
        static_cast<void>(transfer::parse_content_range(request->content_range));
    }
    static_cast<void>(transfer::parse_answer_head(head));
    auto const content = transfer::parse_content_range(text);
    if (content)
        require(content->range.first <= content->range.last &&
                content->range.last < content->total);
    return 0;
}
