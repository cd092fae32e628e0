#include "mailgw/boundary_scan.h"

#include <algorithm>
#include <optional>

#include "mailgw/line_reader.h"
#include "mailgw/mail_text.h"

namespace satchel::mailgw {

namespace {

constexpr std::size_t boundary_octets_max = 250;  // RFC 2046 says 70

bool is_boundary_character(char c) {
    constexpr std::string_view marks = "'()+_,-./:=? *!#$%&^`{}|~<>[]@";
    return is_ascii_alphanumeric(c) || marks.find(c) != std::string_view::npos;
}

class Scanner {
public:
    explicit Scanner(int fd)
        : reader_(fd) {}

    Result<BoundaryScan> run();

private:
    enum class Place {
        header,     ///< in a header block
        structure,  ///< preamble, epilogue, or what can't be told
        content     ///< of a leaf part: GMime does not keep it
    };

    void take_line(MailLine const& line);
    bool take_boundary(MailLine const& line);
    void take_header_line(MailLine const& line);
    void end_header_block();
    void declare(std::string boundary);
    void count(std::size_t octets);

    LineReader reader_;
    BoundaryScan scan_;
    Place place_ = Place::header;
    std::vector<std::string> content_types_;  ///< of the header block that is being read
    bool in_content_type_ = false;
    bool digest_ = false;  ///< a multipart/digest was seen: parts without a type are messages
    std::size_t structure_bytes_ = 0;
};

void Scanner::count(std::size_t octets) {
    structure_bytes_ += octets;
    if (structure_bytes_ > structure_bytes_max) scan_.trouble = "its MIME structure is too large";
}

void Scanner::declare(std::string boundary) {
    if (std::find(scan_.boundaries.begin(), scan_.boundaries.end(), boundary) !=
        scan_.boundaries.end()) {
        scan_.repeated = true;
    } else {
        scan_.boundaries.push_back(std::move(boundary));
    }
}

bool Scanner::take_boundary(MailLine const& line) {
    std::string_view text = line.content();
    if (!line.starts || !text.starts_with("--")) return false;
    while (text.ends_with(' ') || text.ends_with('\t'))
        text.remove_suffix(1);
    text.remove_prefix(2);
    for (std::size_t i = 0; i < scan_.boundaries.size(); ++i) {
        std::string const& boundary = scan_.boundaries[i];
        if (!text.starts_with(boundary)) continue;
        std::string_view const rest = text.substr(boundary.size());
        if (!rest.empty() && rest != "--") continue;
        scan_.lines.push_back({line.begin, line.end(), i, !rest.empty()});
        if (scan_.lines.size() > boundary_lines_max) scan_.trouble = "it has too many parts";
        place_ = rest.empty() ? Place::header : Place::structure;
        content_types_.clear();
        in_content_type_ = false;
        return true;
    }
    return false;
}

void Scanner::take_header_line(MailLine const& line) {
    if (line.is_blank()) return end_header_block();
    bool const folded = !line.starts || line.text.starts_with(' ') || line.text.starts_with('\t');
    if (folded) {
        if (in_content_type_) content_types_.back() += line.content();
        return;
    }
    std::size_t const colon = line.text.find(':');
    in_content_type_ = colon != std::string_view::npos &&
                       equal_ignoring_case(trimmed(line.text.substr(0, colon)), "content-type");
    if (in_content_type_) content_types_.emplace_back(line.content().substr(colon + 1));
}

void Scanner::end_header_block() {
    bool multipart = false;
    bool message = content_types_.empty() && digest_;
    for (std::string const& value : content_types_) {
        DeclaredType type = declared_type(value);
        multipart = multipart || type.multipart;
        message = message || type.message;
        digest_ = digest_ || lower_case(value).find("digest") != std::string::npos;
        if (content_types_.size() == 1 && !type.boundary.empty()) declare(std::move(type.boundary));
    }
    place_ = multipart ? Place::structure : message ? Place::header : Place::content;
    content_types_.clear();
    in_content_type_ = false;
}

void Scanner::take_line(MailLine const& line) {
    if (take_boundary(line)) {
        count(line.text.size());
    } else if (place_ != Place::content) {
        count(line.text.size());
        if (place_ == Place::header) take_header_line(line);
    }
}

Result<BoundaryScan> Scanner::run() {
    MailLine line;
    while (scan_.trouble.empty()) {
        if (place_ == Place::content) {
            auto const more = reader_.skip_to_dashes();
            if (!more) return fail(more.error());
        }
        auto const more = reader_.next(line);
        if (!more) return fail(more.error());
        if (!*more) break;
        take_line(line);
    }
    scan_.message_bytes = reader_.position();
    return std::move(scan_);
}

}  // namespace

DeclaredType declared_type(std::string_view content_type) {
    std::string const value = lower_case(content_type);
    DeclaredType type;
    type.multipart = value.find("multipart") != std::string::npos;
    type.message = value.find("message") != std::string::npos;
    std::size_t const at = value.find("boundary");
    if (!type.multipart || at == std::string::npos) return type;
    // Comments, escapes, encoded words and RFC 2231 forms are legal and never seen; two readers may
    // take them differently, so they declare nothing here.
    if (value.find("boundary", at + 1) != std::string::npos) return type;
    std::string_view rest = trimmed(content_type.substr(at + std::string_view("boundary").size()));
    if (!rest.starts_with('=')) return type;
    rest = trimmed(rest.substr(1));
    bool const quoted = rest.starts_with('"');
    if (quoted) rest.remove_prefix(1);
    std::size_t const size = rest.find_first_of(quoted ? "\"" : "; \t");
    if (quoted && size == std::string_view::npos) return type;
    std::string_view const boundary = rest.substr(0, size);
    std::string_view after =
        size == std::string_view::npos ? std::string_view() : rest.substr(size + (quoted ? 1 : 0));
    after = trimmed(after);
    if (!after.empty() && !after.starts_with(';')) return type;
    if (boundary.empty() || boundary.size() > boundary_octets_max || boundary.ends_with(' ') ||
        boundary.find("=?") != std::string_view::npos ||
        !std::all_of(boundary.begin(), boundary.end(), is_boundary_character)) {
        return type;
    }
    type.boundary = boundary;
    return type;
}

Result<BoundaryScan> scan_boundaries(int fd) {
    return Scanner(fd).run();
}

}  // namespace satchel::mailgw
