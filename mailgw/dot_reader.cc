#include "mailgw/dot_reader.h"

#include <cstring>

#include "mailgw/clean_lines.h"

namespace satchel::mailgw {

namespace {

constexpr std::size_t cr_run_held = 2;  // more of them mean the same and need not be held

}  // namespace

void DotReader::flush_held(Bytes& out, bool keep_dot) {
    if (held_dot_ && keep_dot) out.push_back('.');
    held_dot_ = false;
    out.insert(out.end(), held_crs_, '\r');
    held_crs_ = 0;
}

bool DotReader::end_line(Bytes& out) {
    bool const lone_dot = held_dot_;
    if (lone_dot && dot_start_ == LineStart::clean && held_crs_ == 1) return true;
    start_ = held_crs_ == 0   ? LineStart::bare_lf
             : held_crs_ == 1 ? LineStart::clean
                              : LineStart::doubled_cr;
    flush_held(out, true);
    out.push_back('\n');
    doubtful_end_ = lone_dot;
    return false;
}

DotReader::Step DotReader::read(ByteSpan in, Bytes& out) {
    Byte const* const begin = in.data();
    Byte const* const end = begin + in.size();
    Byte const* at = begin;
    auto const used = [&] { return static_cast<std::size_t>(at - begin); };
    while (at != end) {
        Byte const c = *at;
        if (c == '\n') {
            ++at;
            if (end_line(out)) {
                *this = DotReader();
                return {used(), true};
            }
            continue;
        }
        doubtful_end_ = false;
        if (c == '\r') {
            if (held_crs_ == cr_run_held) {
                if (held_dot_ && dot_start_ == LineStart::bare_lf) out.push_back('.');
                held_dot_ = false;
                out.push_back('\r');
            } else {
                ++held_crs_;
            }
            start_ = LineStart::none;
            ++at;
            continue;
        }
        if (c == '.' && start_ != LineStart::none) {
            dot_start_ = start_;
            held_dot_ = true;
            start_ = LineStart::none;
            ++at;
            continue;
        }
        flush_held(out, dot_start_ == LineStart::bare_lf);
        start_ = LineStart::none;
        auto const clean = clean_lines(ByteSpan(at, end));
        auto const left = static_cast<std::size_t>(end - at) - clean;
        auto const* const open = at + clean;
        auto const* stop = static_cast<Byte const*>(std::memchr(open, '\n', left));
        if (stop == nullptr) stop = end;
        auto const* cr = static_cast<Byte const*>(
            std::memchr(open, '\r', static_cast<std::size_t>(stop - open)));
        if (cr != nullptr) stop = cr;
        out.insert(out.end(), at, stop);
        at = stop;
    }
    return {used(), false};
}

}  // namespace satchel::mailgw
