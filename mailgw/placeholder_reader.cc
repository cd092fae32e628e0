#include "mailgw/placeholder_reader.h"

#include "mailgw/boundary_set.h"
#include "mailgw/line_reader.h"
#include "mailgw/mail_text.h"
#include "mailgw/quoted_printable.h"
#include "mailgw/reference_collector.h"
#include "src/base/base64_decoder.h"

namespace satchel::mailgw {

namespace {

constexpr std::size_t field_octets_max = 32 * 1024;
constexpr std::size_t boundaries_max = 4096;

class PlaceholderReader {
public:
    explicit PlaceholderReader(int fd)
        : reader_(fd) {}

    Result<std::vector<FoundPlaceholder>> run();

private:
    enum class Place { header, text, other };
    enum class Encoding { plain, quoted_printable, base64 };

    void take_line(MailLine const& line);
    bool is_boundary(MailLine const& line) const;
    void start_header();
    void take_header_line(MailLine const& line);
    void end_field();
    void end_header();
    void take_text(MailLine const& line);
    void end_text();

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
};

bool PlaceholderReader::is_boundary(MailLine const& line) const {
    if (!line.starts || !line.text.starts_with("--")) return false;
    return guess_boundaries_ || boundaries_.match(line.content()).has_value();
}

void PlaceholderReader::start_header() {
    place_ = Place::header;
    field_.clear();
    content_type_.clear();
    encoding_ = Encoding::plain;
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
            if (auto found = parse_placeholder_field(value)) collector_.add(std::move(*found));
        }
    }
    field_.clear();
}

void PlaceholderReader::end_header() {
    end_field();
    DeclaredType const type = declared_type(content_type_);
    if (type.message && !type.multipart) return start_header();
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
        collector_.feed(text_of(text));
    } else if (encoding_ == Encoding::quoted_printable) {
        bool soft = false;
        collector_.feed(from_quoted_printable_line(line.content(), soft));
        if (!soft && line.text.ends_with('\n')) collector_.feed("\n");
    } else {
        collector_.feed(line.text);
    }
}

void PlaceholderReader::end_text() {
    if (place_ == Place::text) collector_.finish();
}

void PlaceholderReader::take_line(MailLine const& line) {
    if (is_boundary(line)) {
        end_text();
        start_header();
    } else if (place_ == Place::header) {
        take_header_line(line);
    } else if (place_ == Place::text) {
        take_text(line);
    }
}

Result<std::vector<FoundPlaceholder>> PlaceholderReader::run() {
    MailLine line;
    while (true) {
        if (place_ == Place::other) {
            auto const more = reader_.skip_to_dashes();
            if (!more) return fail(more.error());
        }
        auto const more = reader_.next(line);
        if (!more) return fail(more.error());
        if (!*more) break;
        take_line(line);
    }
    if (place_ == Place::header) end_field();
    end_text();
    return collector_.take();
}

}  // namespace

Result<std::vector<FoundPlaceholder>> read_placeholders(int fd) {
    return PlaceholderReader(fd).run();
}

}  // namespace satchel::mailgw
