#include "mailgw/boundary_scan.h"

#include <algorithm>
#include <utility>

#include "mailgw/boundary_set.h"
#include "mailgw/line_reader.h"
#include "mailgw/mail_text.h"
#include "src/base/unique_fd.h"

namespace satchel::mailgw {

namespace {

constexpr std::size_t dull_edge_bytes = 16 * 1024;
static_assert(4 * dull_edge_bytes < dull_bytes_min);

/// Content that nobody reads for what it says or refers to: not text, nor some dialect of HTML.
bool is_dull(std::string const& content_type) {
    std::string const value = lower_case(trimmed(content_type));
    bool const binary = value.starts_with("application/") || value.starts_with("image/") ||
                        value.starts_with("video/") || value.starts_with("audio/");
    return binary && value.find("html") == std::string::npos;
}

/// 0 where no line starts within the next bytes.
Result<std::uint64_t> line_start_after(int fd, std::uint64_t at) {
    Bytes text(dull_edge_bytes / 2);
    auto const got = read_at(fd, text, at);
    if (!got) return fail(got.error());
    std::size_t const newline = text_of(text).substr(0, *got).find('\n');
    return newline == std::string_view::npos ? 0 : at + newline + 1;
}

class Scanner {
public:
    explicit Scanner(int fd)
        : fd_(fd)
        , reader_(fd) {}

    Scanner(int fd, ReadAt read, BoundaryObserver& observer)
        : fd_(fd)
        , reader_([this, read = std::move(read)](std::span<Byte> out, std::uint64_t offset) {
            observer_->scanned_to(reader_.position());
            return read(out, offset);
        })
        , observer_(&observer) {}

    Scanner(Scanner const&) = delete;
    Scanner& operator=(Scanner const&) = delete;

    Result<BoundaryScan> run();

private:
    enum class Place {
        header,     ///< in a header block
        structure,  ///< preamble, epilogue, or what can't be told
        content     ///< of a leaf part: GMime does not keep it
    };

    void take_line(MailLine const& line);
    bool take_boundary(MailLine const& line);
    void forget_fields();
    void take_header_line(MailLine const& line);
    void end_header_block(std::uint64_t end);
    void count(std::size_t octets);
    Status note_dull(std::uint64_t begin, std::uint64_t end);

    int fd_;
    LineReader reader_;
    BoundaryObserver* observer_ = nullptr;
    BoundarySet boundaries_;
    std::vector<std::size_t>
        open_;  ///< boundaries of the multiparts around the place, outermost first
    BoundaryScan scan_;
    Place place_ = Place::header;
    bool dull_content_ = false;               ///< of the leaf whose content is read
    std::vector<std::string> content_types_;  ///< of the header block that is being read
    std::vector<std::string> encodings_;      ///< of the same
    std::string* field_ = nullptr;            ///< the value that a folded line goes on with
    bool digest_ = false;  ///< a multipart/digest was seen: parts without a type are messages
    std::size_t structure_bytes_ = 0;
    std::size_t header_fields_ = 0;
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
    if (observer_ != nullptr) observer_->line_found(scan_.lines.back());
    place_ = match->closing ? Place::structure : Place::header;
    forget_fields();
    return true;
}

void Scanner::take_header_line(MailLine const& line) {
    if (line.is_blank()) return end_header_block(line.end());
    bool const folded = !line.starts || line.text.starts_with(' ') || line.text.starts_with('\t');
    if (folded) {
        if (field_ != nullptr) *field_ += line.content();
        return;
    }
    field_ = nullptr;
    if (++header_fields_ > header_fields_max) scan_.trouble = "it has too many header fields";
    std::size_t const colon = line.text.find(':');
    if (colon == std::string_view::npos) return;
    auto const name = trimmed(line.text.substr(0, colon));
    auto const value = line.content().substr(colon + 1);
    if (equal_ignoring_case(name, "content-type")) field_ = &content_types_.emplace_back(value);
    if (equal_ignoring_case(name, "content-transfer-encoding"))
        field_ = &encodings_.emplace_back(value);
}

void Scanner::forget_fields() {
    content_types_.clear();
    encodings_.clear();
    field_ = nullptr;
}

void Scanner::end_header_block(std::uint64_t end) {
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
    dull_content_ = content_types_.size() == 1 && is_dull(content_types_.front());
    if (place_ == Place::content && observer_ != nullptr) {
        bool const base64 =
            encodings_.size() == 1 && equal_ignoring_case(trimmed(encodings_.front()), "base64");
        observer_->content_begins(end, base64);
    }
    forget_fields();
}

void Scanner::take_line(MailLine const& line) {
    if (take_boundary(line)) {
        count(line.text.size());
    } else if (place_ != Place::content) {
        count(line.text.size());
        if (place_ == Place::header) take_header_line(line);
    }
}

/// Leaves the first and last lines between the offsets where they are: they may tell something.
Status Scanner::note_dull(std::uint64_t begin, std::uint64_t end) {
    if (!dull_content_ || end - begin < dull_bytes_min) return {};
    begin += dull_edge_bytes;
    end -= dull_edge_bytes;
    for (std::uint64_t* const edge : {&begin, &end}) {
        auto const start = line_start_after(fd_, *edge);
        if (!start) return fail(start.error());
        if (*start == 0) return {};
        *edge = *start;
    }
    scan_.dull.add({begin, end});
    return {};
}

Result<BoundaryScan> Scanner::run() {
    MailLine line;
    while (scan_.trouble.empty()) {
        if (place_ == Place::content) {
            auto const begin = reader_.position();
            auto const more = reader_.skip_to_dashes();
            if (!more) return fail(more.error());
            if (auto noted = note_dull(begin, reader_.position()); !noted)
                return fail(noted.error());
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

Result<BoundaryScan> scan_boundaries(int fd, ReadAt read, BoundaryObserver& observer) {
    return Scanner(fd, std::move(read), observer).run();
}

}  // namespace satchel::mailgw
