#include "src/node/mail_decoding.h"

namespace satchel::node {

namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

int base64_value(Byte c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

}  // namespace

MailDecoder::MailDecoder(std::string const& encoding)
    : kind_(encoding == "quoted-printable" ? Kind::quoted_printable
            : encoding == "base64"         ? Kind::base64
                                           : Kind::as_it_is) {}

void MailDecoder::write(ByteSpan text, Bytes& out) {
    if (kind_ == Kind::as_it_is) return append(out, text);
    for (Byte c : text) {
        if (kind_ == Kind::base64) {
            base64(c, out);
        } else {
            quoted_printable(c, out);
        }
    }
}

void MailDecoder::quoted_printable(Byte c, Bytes& out) {
    char const letter = static_cast<char>(c);
    bool const escape = !held_.empty() && held_.front() == '=';
    if (!escape) {
        if (letter == ' ' || letter == '\t') {
            held_ += letter;  // blanks at the end of a line were added in transit
            return;
        }
        if (letter != '\r' && letter != '\n') append(out, bytes_of(held_));
        held_.clear();
        if (letter == '=') {
            held_.assign(1, '=');
        } else {
            out.push_back(c);
        }
        return;
    }
    held_ += letter;
    if (letter == '\n') return held_.clear();  // a soft line break
    if (letter == ' ' || letter == '\t' || letter == '\r') return;
    if (held_.size() < 3) return;
    int const high = hex_digit(held_[1]);
    int const low = hex_digit(held_[2]);
    if (held_.size() == 3 && high >= 0 && low >= 0) {
        out.push_back(static_cast<Byte>(high << 4 | low));
    } else {
        append(out, bytes_of(held_));
    }
    held_.clear();
}

void MailDecoder::base64(Byte c, Bytes& out) {
    if (c == '=') bits_ = 0;
    int const value = base64_value(c);
    if (value < 0) return;
    group_ = group_ << 6 | static_cast<unsigned>(value);
    bits_ += 6;
    if (bits_ < 8) return;
    bits_ -= 8;
    out.push_back(static_cast<Byte>(group_ >> bits_ & 255U));
}

void MailDecoder::finish(Bytes& out) {
    bool const escape = !held_.empty() && held_.front() == '=';
    if (escape && held_.size() > 1) append(out, bytes_of(held_));
    held_.clear();
}

}  // namespace satchel::node
