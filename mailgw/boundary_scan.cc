#include "mailgw/boundary_scan.h"

#include <algorithm>

#include "mailgw/boundary_set.h"
#include "mailgw/line_reader.h"
#include "mailgw/mail_text.h"

namespace satchel::mailgw {

namespace {

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
    void count(std::size_t octets);

    LineReader reader_;
    BoundarySet boundaries_;
    std::vector<std::size_t>
        open_;  ///< boundaries of the multiparts around the place, outermost first
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

bool Scanner::take_boundary(MailLine const& line) {
    if (!line.starts) return false;
    auto const match = boundaries_.match(line.content());
    if (!match) return false;
    // A line counts while its multipart is open; it ends those inside. GMime does the same, and a
    // line that means something here and nothing there would hide what GMime keeps in memory.
    auto const open = std::find(open_.rbegin(), open_.rend(), match->boundary);
    if (open == open_.rend()) return false;
    open_.erase(match->closing ? open.base() - 1 : open.base(), open_.end());
    scan_.lines.push_back({line.begin, line.end(), match->boundary, match->closing});
    if (scan_.lines.size() > boundary_lines_max) scan_.trouble = "it has too many parts";
    place_ = match->closing ? Place::structure : Place::header;
    content_types_.clear();
    in_content_type_ = false;
    return true;
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
        DeclaredType const type = declared_type(value);
        multipart = multipart || type.multipart;
        message = message || type.message;
        digest_ = digest_ || lower_case(value).find("digest") != std::string::npos;
        if (content_types_.size() > 1 || type.boundary.empty()) continue;
        auto const [boundary, is_new] = boundaries_.declare(type.boundary);
        if (!is_new) scan_.repeated = true;
        open_.push_back(boundary);
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
    scan_.boundaries = boundaries_.names();
    return std::move(scan_);
}

}  // namespace

Result<BoundaryScan> scan_boundaries(int fd) {
    return Scanner(fd).run();
}

}  // namespace satchel::mailgw
