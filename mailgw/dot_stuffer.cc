#include "mailgw/dot_stuffer.h"

#include <cstring>

namespace satchel::mailgw {

void DotStuffer::stuff(ByteSpan in, Bytes& out) {
    while (!in.empty()) {
        if (line_start_ && in[0] == '.') out.push_back('.');
        auto const* nl = static_cast<Byte const*>(std::memchr(in.data(), '\n', in.size()));
        auto const size = nl == nullptr ? in.size() : static_cast<std::size_t>(nl - in.data()) + 1;
        append(out, in.first(size));
        line_start_ = nl != nullptr;
        in = in.subspan(size);
    }
}

}  // namespace satchel::mailgw
