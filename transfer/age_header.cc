#include "transfer/age_header.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "src/base/base64.h"
#include "src/core/limits.h"

namespace satchel::transfer {

namespace {

constexpr std::string_view version_line = "age-encryption.org/v1\n";
constexpr std::string_view any_version = "age-encryption.org/";
constexpr std::string_view stanza_mark = "-> ";
constexpr std::string_view end_mark = "---";
constexpr std::size_t body_columns = 64;

tl::unexpected<Error> malformed(std::string const& why) {
    return fail(Fault::corrupt, "age header: " + why);
}

/// Length of the text up to and including the line that starts with `---`; 0 if it is not there.
std::size_t length_of_header(std::string_view text) {
    std::size_t line = 0;
    for (;;) {
        auto const end = text.find('\n', line);
        if (end == std::string_view::npos) return 0;
        if (text.substr(line).starts_with(end_mark)) return end + 1;
        line = end + 1;
    }
}

/// Cuts the text into lines; every one ends with a line feed.
class Lines {
public:
    explicit Lines(std::string_view text)
        : rest_(text) {}

    bool done() const { return rest_.empty(); }

    std::string_view next() {
        auto const end = std::min(rest_.find('\n'), rest_.size());
        auto const line = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        return line;
    }

private:
    std::string_view rest_;
};

Result<std::vector<std::string>> split_arguments(std::string_view text) {
    std::vector<std::string> arguments(1);
    for (char const c : text) {
        if (c == ' ') {
            arguments.emplace_back();
        } else if (c < '!' || c > '~') {
            return malformed("foreign character in a stanza");
        } else {
            arguments.back() += c;
        }
        if (c == ' ' && arguments[arguments.size() - 2].empty()) break;
    }
    if (std::any_of(arguments.begin(), arguments.end(), [](auto const& a) { return a.empty(); })) {
        return malformed("empty argument in a stanza");
    }
    return arguments;
}

Result<AgeStanza> parse_stanza(std::string_view argument_line, Lines& lines) {
    if (!argument_line.starts_with(stanza_mark))
        return malformed("a stanza must start with \"->\"");
    auto arguments = split_arguments(argument_line.substr(stanza_mark.size()));
    if (!arguments) return fail(arguments.error());

    AgeStanza stanza;
    stanza.type = std::move(arguments->front());
    stanza.arguments.assign(std::make_move_iterator(arguments->begin() + 1),
                            std::make_move_iterator(arguments->end()));
    std::string body;
    for (;;) {
        if (lines.done()) return malformed("a stanza has no end");
        auto const line = lines.next();
        if (line.size() > body_columns) return malformed("a line of a stanza is too long");
        body += line;
        if (line.size() < body_columns) break;
    }
    auto decoded = from_base64(body, Padding::without);
    if (!decoded) return malformed("a stanza's body is not canonical base64");
    stanza.body = std::move(*decoded);
    return stanza;
}

Result<std::array<Byte, 32>> parse_mac(std::string_view line) {
    if (!line.starts_with("--- ")) return malformed("no MAC");
    auto const mac = from_base64(line.substr(4), Padding::without);
    std::array<Byte, 32> out{};
    if (!mac || mac->size() != out.size()) return malformed("MAC is not 32 bytes of base64");
    std::copy(mac->begin(), mac->end(), out.begin());
    return out;
}

}  // namespace

Result<std::optional<AgeHeader>> parse_age_header(ByteSpan start) {
    auto const bounded = start.first(std::min(start.size(), limits::age_header_bytes));
    auto const text = text_of(bounded);
    auto const seen = std::min(text.size(), version_line.size());
    if (text.substr(0, seen) != version_line.substr(0, seen)) {
        bool const other = text.starts_with(any_version);
        return malformed(other ? "unknown version" : "this is not an age file");
    }
    auto const size = length_of_header(text);
    if (size == 0) {
        if (text.size() == limits::age_header_bytes) {
            return fail(Fault::too_large,
                        "age header: over " + std::to_string(limits::age_header_bytes) + " octets");
        }
        return std::optional<AgeHeader>();
    }

    AgeHeader header;
    header.size = size;
    Lines lines(text.substr(version_line.size(), size - version_line.size()));
    for (;;) {
        auto const line = lines.next();
        if (line.starts_with(end_mark)) {
            auto const mac = parse_mac(line);
            if (!mac) return fail(mac.error());
            header.mac = *mac;
            header.mac_covers = size - 1 - line.size() + end_mark.size();
            break;
        }
        auto stanza = parse_stanza(line, lines);
        if (!stanza) return fail(stanza.error());
        header.stanzas.push_back(std::move(*stanza));
    }
    if (header.stanzas.empty()) return malformed("no stanza");
    return std::optional(std::move(header));
}

std::string format_age_header(std::vector<AgeStanza> const& stanzas) {
    std::string text(version_line);
    for (auto const& stanza : stanzas) {
        text += stanza_mark;
        text += stanza.type;
        for (auto const& argument : stanza.arguments)
            text += ' ' + argument;
        text += '\n';
        auto const body = to_base64(stanza.body, Padding::without);
        // The last line is always shorter than the others, be it empty.
        for (std::size_t at = 0; at <= body.size(); at += body_columns) {
            text += body.substr(at, body_columns);
            text += '\n';
        }
    }
    text += end_mark;
    return text;
}

std::string format_age_mac(std::array<Byte, 32> const& mac) {
    return ' ' + to_base64(mac, Padding::without) + '\n';
}

}  // namespace satchel::transfer
