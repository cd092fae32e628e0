#include "mailgw/header_watch.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <strings.h>

#include "mailgw/mail_text.h"

namespace satchel::mailgw {

namespace {

constexpr std::size_t line_start_octets = 256;

/// By words of eight octets: every octet of a message passes here.
bool has_eight_bit(ByteSpan text) {
    constexpr std::uint64_t top_bits = 0x8080'8080'8080'8080;
    std::uint64_t all = 0;
    std::uint64_t word = 0;
    while (text.size() >= sizeof word) {
        std::memcpy(&word, text.data(), sizeof word);
        all |= word;
        text = text.subspan(sizeof word);
    }
    for (Byte const octet : text)
        all |= octet;
    return (all & top_bits) != 0;
}

/// The value of the field `name`, or nullptr where the line is another field.
char const* value_of(std::string const& line, std::string_view name) {
    if (line.size() <= name.size() || strncasecmp(line.c_str(), name.data(), name.size()) != 0) {
        return nullptr;
    }
    std::size_t at = name.size();
    while (at < line.size() && (line[at] == ' ' || line[at] == '\t'))
        ++at;
    return at < line.size() && line[at] == ':' ? line.c_str() + at + 1 : nullptr;
}

}  // namespace

std::string loop_token(Side side, std::string const& spool) {
    return (side == Side::inbound ? "lmtp-" : "smtp-") + spool;
}

HeaderWatch::HeaderWatch(std::string loop_token)
    : token_(std::move(loop_token)) {}

void HeaderWatch::end_line() {
    if (line_.empty() || line_ == "\r") {
        in_header_ = false;
    } else if (value_of(line_, "Received") != nullptr) {
        ++received_;
    } else if (char const* const value = value_of(line_, loop_field)) {
        looped_ = looped_ || trimmed(value) == token_;
    }
    line_.clear();
}

void HeaderWatch::look(ByteSpan text) {
    while (in_header_ && !text.empty()) {
        auto const nl = std::find(text.begin(), text.end(), Byte{'\n'});
        ByteSpan const piece(text.begin(), nl);
        eight_bit_header_ = eight_bit_header_ || has_eight_bit(piece);
        auto const room = line_start_octets - std::min(line_start_octets, line_.size());
        line_ += text_of(piece.first(std::min(room, piece.size())));
        bool const complete = nl != text.end();
        text = text.subspan(piece.size() + (complete ? 1 : 0));
        if (complete) end_line();
    }
    eight_bit_ = eight_bit_ || eight_bit_header_ || has_eight_bit(text);
}

}  // namespace satchel::mailgw
