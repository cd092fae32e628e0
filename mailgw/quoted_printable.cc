#include "mailgw/quoted_printable.h"

#include "mailgw/mail_text.h"
#include "src/base/hex.h"

namespace satchel::mailgw {

namespace {

constexpr std::size_t line_characters_max = 76;
constexpr char digits[] = "0123456789ABCDEF";

std::string encoded_line(std::string_view line) {
    std::string out;
    std::size_t column = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        auto const octet = static_cast<unsigned char>(line[i]);
        bool const last = i + 1 == line.size();
        bool const plain = (octet > ' ' && octet <= '~' && octet != '=') || (octet == ' ' && !last);
        std::string const token = plain
                                      ? std::string(1, line[i])
                                      : std::string{'=', digits[octet >> 4U], digits[octet & 15U]};
        if (column + token.size() > line_characters_max - (last ? 0 : 1)) {
            out += "=\r\n";
            column = 0;
        }
        out += token;
        column += token.size();
    }
    return out;
}

}  // namespace

std::string to_quoted_printable(std::string_view text) {
    std::string out;
    while (true) {
        std::size_t const end = text.find("\r\n");
        out += encoded_line(text.substr(0, end));
        if (end == std::string_view::npos) return out;
        out += "\r\n";
        text.remove_prefix(end + 2);
    }
}

std::string from_quoted_printable_line(std::string_view line, bool& soft) {
    while (line.ends_with(' ') || line.ends_with('\t'))
        line.remove_suffix(1);
    soft = line.ends_with('=');
    if (soft) line.remove_suffix(1);
    std::string out;
    for (std::size_t i = 0; i < line.size(); ++i) {
        auto const octet = line[i] == '=' && i + 2 < line.size()
                               ? from_hex(lower_case(line.substr(i + 1, 2)))
                               : Result<Bytes>(Bytes());
        if (octet && octet->size() == 1) {
            out += static_cast<char>(octet->front());
            i += 2;
        } else {
            out += line[i];
        }
    }
    return out;
}

}  // namespace satchel::mailgw
