#include "mailgw/line_mender.h"

#include <cstring>

#include "mailgw/clean_lines.h"

namespace satchel::mailgw {

namespace {

// Beyond this a run of CRs is flushed as so many line ends, so that the count can't be used to make
// us write much at once.
constexpr std::size_t cr_run_max = 1'000;

constexpr std::string_view crlf = "\r\n";

}  // namespace

void LineMender::flush_bare_crs(Bytes& out) {
    for (; held_crs_ > 0; --held_crs_) {
        append(out, bytes_of(crlf));
        mended_ = true;
    }
    line_open_ = false;
}

void LineMender::mend(ByteSpan in, Bytes& out) {
    Byte const* at = in.data();
    Byte const* const end = at + in.size();
    while (at != end) {
        if (*at == '\r') {
            if (++held_crs_ > cr_run_max) flush_bare_crs(out);
            ++at;
            continue;
        }
        if (*at == '\n') {
            mended_ = mended_ || held_crs_ != 1;
            held_crs_ = 0;
            append(out, bytes_of(crlf));
            line_open_ = false;
            ++at;
            continue;
        }
        if (held_crs_ > 0) flush_bare_crs(out);
        auto const clean = clean_lines(ByteSpan(at, end));
        auto const left = static_cast<std::size_t>(end - at) - clean;
        auto const* const open = at + clean;
        auto const* stop = static_cast<Byte const*>(std::memchr(open, '\n', left));
        if (stop == nullptr) stop = end;
        auto const* cr = static_cast<Byte const*>(
            std::memchr(open, '\r', static_cast<std::size_t>(stop - open)));
        if (cr != nullptr) stop = cr;
        out.insert(out.end(), at, stop);
        line_open_ = true;
        at = stop;
    }
}

void LineMender::finish(Bytes& out, bool close_last_line) {
    if (held_crs_ > 0) flush_bare_crs(out);
    if (close_last_line && line_open_) append(out, bytes_of(crlf));
    line_open_ = false;
}

}  // namespace satchel::mailgw
