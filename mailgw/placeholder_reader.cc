#include "mailgw/placeholder_reader.h"

#include <map>

#include "mailgw/boundary_set.h"
#include "mailgw/line_reader.h"
#include "mailgw/mail_text.h"
#include "mailgw/part_range.h"
#include "mailgw/quoted_printable.h"
#include "mailgw/reference_collector.h"
#include "src/base/base64_decoder.h"

namespace satchel::mailgw {

namespace {

constexpr std::size_t field_octets_max = 32 * 1024;
constexpr std::size_t boundaries_max = 4096;

/// A reply in UTF-16 says a reference in ASCII with a NUL beside each letter.
std::string without_nuls(std::string_view text) {
    std::string letters(text);
    std::erase(letters, '\0');
    return letters;
}

class PlaceholderReader {
public:
    explicit PlaceholderReader(int fd)
        : fd_(fd)
        , reader_(fd) {}

    Status run();

    std::vector<FoundPlaceholder> take_found() { return collector_.take(); }

    std::vector<PlaceholderPart> take_parts() { return std::move(parts_); }

private:
    enum class Place { header, text, other };
    enum class Encoding { plain, quoted_printable, base64 };

    Status take_line(MailLine const& line);
    bool is_boundary(MailLine const& line) const;
    void start_header();
    void take_header_line(MailLine const& line);
    void end_field();
    void end_header();
    void take_text(MailLine const& line);
    void end_text();
    void open_part(std::string_view field);
    Status close_part(std::uint64_t boundary);

    int fd_;
    LineReader reader_;
    BoundarySet boundaries_;
    bool guess_boundaries_ = false;  ///< a multipart does not say its boundary plainly
    ReferenceCollector collector_;
    Place place_ = Place::header;
    std::string field_;  ///< name and value of the field that is being read
    std::string content_type_;
    Encoding encoding_ = Encoding::plain;
    Base64Decoder decoder_;
    bool decoder_failed_ = false;
    std::vector<PlaceholderPart> parts_;
    bool part_is_open_ = false;                ///< the last of parts_ goes on
    std::string above_;                        ///< the boundary line over this part
    std::optional<std::uint64_t> part_begin_;  ///< none: the header is a message's own
};

bool PlaceholderReader::is_boundary(MailLine const& line) const {
    if (!line.starts || !line.text.starts_with("--")) return false;
    if (boundaries_.match(line.content())) return true;
    if (!guess_boundaries_) return false;
    std::string_view const mark = trimmed(line.content());
    return !part_is_open_ || mark == above_ || mark == above_ + "--";
}

void PlaceholderReader::start_header() {
    place_ = Place::header;
    field_.clear();
    content_type_.clear();
    encoding_ = Encoding::plain;
}

void PlaceholderReader::open_part(std::string_view field) {
    if (part_is_open_) {
        parts_.back().trouble = "two fields want to stand for it";
        return;
    }
    if (parts_.size() > placeholders_max) return;
    auto found = parse_placeholder_field(field);
    PlaceholderPart part;
    if (found) {
        part.found = *found;
        collector_.add(std::move(*found));
    } else {
        part.trouble = found.error().what;
    }
    if (!part_begin_) part.trouble = "its field stands in the header of a whole message";
    if (parts_.size() == placeholders_max) part.trouble = "there are too many of them";
    part.begin = part_begin_.value_or(0);
    parts_.push_back(std::move(part));
    part_is_open_ = true;
}

/// `boundary`: where the line below the part begins.
Status PlaceholderReader::close_part(std::uint64_t boundary) {
    if (!part_is_open_) return {};
    part_is_open_ = false;
    PlaceholderPart& part = parts_.back();
    auto const eol = eol_octets_before(fd_, boundary);
    if (!eol) return fail(eol.error());
    part.end = boundary - *eol;
    if (part.trouble.empty() && (*eol == 0 || part.end <= part.begin))
        part.trouble = "where it ends is not certain";
    return {};
}

void PlaceholderReader::end_field() {
    std::size_t const colon = field_.find(':');
    if (colon != std::string::npos && field_.size() <= field_octets_max) {
        std::string_view const name = trimmed(std::string_view(field_).substr(0, colon));
        std::string_view const value = trimmed(std::string_view(field_).substr(colon + 1));
        if (equal_ignoring_case(name, "content-type")) {
            content_type_ = value;
        } else if (equal_ignoring_case(name, "content-transfer-encoding")) {
            encoding_ = equal_ignoring_case(value, "base64") ? Encoding::base64
                        : equal_ignoring_case(value, "quoted-printable")
                            ? Encoding::quoted_printable
                            : Encoding::plain;
        } else if (equal_ignoring_case(name, "x-satchel-part")) {
            open_part(value);
        }
    }
    field_.clear();
}

void PlaceholderReader::end_header() {
    end_field();
    DeclaredType const type = declared_type(content_type_);
    if (type.message && !type.multipart) {
        part_begin_.reset();
        return start_header();
    }
    if (type.multipart) {
        if (type.boundary.empty() || boundaries_.names().size() >= boundaries_max) {
            guess_boundaries_ = true;
        } else {
            boundaries_.declare(type.boundary);
        }
    }
    bool const is_text = content_type_.empty() || lower_case(content_type_).starts_with("text");
    place_ = is_text ? Place::text : Place::other;
    decoder_ = Base64Decoder();
    decoder_failed_ = false;
}

void PlaceholderReader::take_header_line(MailLine const& line) {
    if (line.is_blank()) return end_header();
    bool const folded = !line.starts || line.text.starts_with(' ') || line.text.starts_with('\t');
    if (!folded) end_field();
    // One octet over the bound marks a field as too long; more of it is not kept.
    if (field_.size() <= field_octets_max)
        field_ += line.content().substr(0, field_octets_max + 1 - field_.size());
}

void PlaceholderReader::take_text(MailLine const& line) {
    if (encoding_ == Encoding::base64) {
        Bytes text;
        if (!decoder_failed_ && !decoder_.decode(bytes_of(line.text), text)) decoder_failed_ = true;
        collector_.feed(without_nuls(text_of(text)));
    } else if (encoding_ == Encoding::quoted_printable) {
        bool soft = false;
        collector_.feed(without_nuls(from_quoted_printable_line(line.content(), soft)));
        if (!soft && line.text.ends_with('\n')) collector_.feed("\n");
    } else {
        collector_.feed(line.text);
    }
}

void PlaceholderReader::end_text() {
    if (place_ == Place::text) collector_.finish();
}

Status PlaceholderReader::take_line(MailLine const& line) {
    if (is_boundary(line)) {
        if (place_ == Place::header) end_field();
        end_text();
        if (auto closed = close_part(line.begin); !closed) return closed;
        above_ = trimmed(line.content());
        part_begin_ = line.end();
        start_header();
    } else if (place_ == Place::header) {
        take_header_line(line);
    } else if (place_ == Place::text) {
        take_text(line);
    }
    return {};
}

Status PlaceholderReader::run() {
    MailLine line;
    while (true) {
        if (place_ == Place::other) {
            auto const more = reader_.skip_to_dashes();
            if (!more) return fail(more.error());
        }
        auto const more = reader_.next(line);
        if (!more) return fail(more.error());
        if (!*more) break;
        if (auto taken = take_line(line); !taken) return taken;
    }
    if (place_ == Place::header) end_field();
    end_text();
    if (part_is_open_ && parts_.back().trouble.empty())
        parts_.back().trouble = "the message ends within it";
    return {};
}

}  // namespace

Result<std::vector<FoundPlaceholder>> read_placeholders(int fd) {
    PlaceholderReader reader(fd);
    if (auto done = reader.run(); !done) return fail(done.error());
    return reader.take_found();
}

Result<std::vector<PlaceholderPart>> find_placeholder_parts(int fd) {
    PlaceholderReader reader(fd);
    if (auto done = reader.run(); !done) return fail(done.error());
    std::map<ContentId, std::string> names;
    for (FoundPlaceholder& found : reader.take_found())
        names.emplace(found.reference.content_id, std::move(found.name));
    auto parts = reader.take_parts();
    for (PlaceholderPart& part : parts) {
        auto const name = names.find(part.found.reference.content_id);
        if (name != names.end()) part.found.name = name->second;
    }
    return parts;
}

}  // namespace satchel::mailgw
