#include "mailgw/mime_outline.h"

#include <algorithm>

#include <sys/stat.h>

#include "mailgw/mail_text.h"
#include "mailgw/mime_addresses.h"
#include "mailgw/mime_handle.h"
#include "mailgw/mime_html_references.h"
#include "mailgw/mime_pread_stream.h"
#include "src/base/unique_fd.h"
#include "src/core/address.h"
#include "src/core/utf8.h"

namespace satchel::mailgw {

namespace {

constexpr char placeholder_field[] = "X-Satchel-Part";
constexpr std::size_t encoding_octets_max = 40;

std::string bounded(char const* text, std::size_t octets_max) {
    std::string const whole = to_utf8(text_or_empty(text).substr(0, 4 * octets_max));
    return std::string(utf8_prefix(whole, octets_max));
}

struct FreeOptions {
    void operator()(GMimeParserOptions* options) const noexcept {
        g_mime_parser_options_free(options);
    }
};

std::unique_ptr<GMimeParserOptions, FreeOptions> reading_options() {
    std::unique_ptr<GMimeParserOptions, FreeOptions> options(g_mime_parser_options_new());
    // Real mail has encoded words in quoted parameters and bare 8-bit names.
    g_mime_parser_options_set_parameter_compliance_mode(options.get(), GMIME_RFC_COMPLIANCE_LOOSE);
    g_mime_parser_options_set_rfc2047_compliance_mode(options.get(), GMIME_RFC_COMPLIANCE_LOOSE);
    char const* charsets[] = {"utf-8", "windows-1252", "iso-8859-1", nullptr};
    g_mime_parser_options_set_fallback_charsets(options.get(), charsets);
    return options;
}

void append_addresses(InternetAddressList* list, std::vector<std::string>& to) {
    for (std::string const& text : addresses_in(list)) {
        if (to.size() >= header_recipients_max) return;
        if (auto const address = Address::parse(text)) to.push_back(address->text());
    }
}

class OutlineBuilder {
public:
    explicit OutlineBuilder(FileGaps const& gaps)
        : gaps_(gaps) {}

    void read_header(GMimeMessage* message);
    void walk(GMimeObject* object, std::optional<std::size_t> parent, std::size_t depth);
    MessageOutline finish();

    static std::string type_of(GMimeObject* object);

private:
    void walk_multipart(GMimeMultipart* multipart, std::optional<std::size_t> parent,
                        std::size_t depth);
    void walk_message(GMimeMessagePart* part, std::optional<std::size_t> parent, std::size_t depth);
    void add_leaf(GMimePart* leaf, std::optional<std::size_t> parent);
    OutlinePart describe(GMimeObject* object, std::optional<std::size_t> parent) const;

    /// Of a place that GMime tells.
    std::uint64_t offset(gint64 told) const { return gaps_.real(static_cast<std::uint64_t>(told)); }

    FileGaps const& gaps_;
    MessageOutline outline_;
    ContentIdReferences references_;
};

std::string OutlineBuilder::type_of(GMimeObject* object) {
    GMimeContentType* const type = g_mime_object_get_content_type(object);
    if (type == nullptr) return "text/plain";
    return lower_case(bounded(g_mime_content_type_get_media_type(type), type_octets_max / 2)) +
           "/" +
           lower_case(bounded(g_mime_content_type_get_media_subtype(type), type_octets_max / 2));
}

void OutlineBuilder::read_header(GMimeMessage* message) {
    outline_.message_id = bounded(g_mime_message_get_message_id(message), message_id_octets_max);
    outline_.subject = bounded(g_mime_message_get_subject(message), subject_octets_max);
    std::vector<std::string> from;
    append_addresses(g_mime_message_get_from(message), from);
    if (!from.empty()) outline_.from = from.front();
    append_addresses(g_mime_message_get_to(message), outline_.header_recipients);
    append_addresses(g_mime_message_get_cc(message), outline_.header_recipients);
    GMimeHeaderList* const fields = g_mime_object_get_header_list(GMIME_OBJECT(message));
    for (int i = 0; i < g_mime_header_list_get_count(fields); ++i) {
        GMimeHeader* const field = g_mime_header_list_get_header_at(fields, i);
        outline_.field_names.push_back(lower_case(text_or_empty(g_mime_header_get_name(field))));
    }
}

void OutlineBuilder::walk(GMimeObject* object, std::optional<std::size_t> parent,
                          std::size_t depth) {
    if (object == nullptr || !outline_.trouble.empty()) return;
    if (depth > nesting_max) {
        outline_.trouble = "its parts are nested too deeply";
    } else if (outline_.parts.size() + outline_.multiparts.size() >= parts_max) {
        outline_.trouble = "it has too many parts";
    }
    if (!outline_.trouble.empty()) return;
    if (g_mime_object_get_header(object, placeholder_field) != nullptr)
        outline_.has_placeholder = true;
    if (GMIME_IS_MULTIPART(object)) {
        walk_multipart(GMIME_MULTIPART(object), parent, depth);
    } else if (GMIME_IS_MESSAGE_PART(object)) {
        walk_message(GMIME_MESSAGE_PART(object), parent, depth);
    } else if (GMIME_IS_PART(object)) {
        add_leaf(GMIME_PART(object), parent);
    }
}

void OutlineBuilder::walk_multipart(GMimeMultipart* multipart, std::optional<std::size_t> parent,
                                    std::size_t depth) {
    std::size_t const self = outline_.multiparts.size();
    outline_.multiparts.push_back({type_of(GMIME_OBJECT(multipart)),
                                   text_or_empty(g_mime_multipart_get_boundary(multipart)),
                                   parent});
    for (int i = 0; i < g_mime_multipart_get_count(multipart); ++i)
        walk(g_mime_multipart_get_part(multipart, i), self, depth + 1);
}

void OutlineBuilder::walk_message(GMimeMessagePart* part, std::optional<std::size_t> parent,
                                  std::size_t depth) {
    outline_.parts.push_back(describe(GMIME_OBJECT(part), parent));
    std::size_t const self = outline_.multiparts.size();
    outline_.multiparts.push_back({"message/rfc822", "", parent});
    GMimeMessage* const message = g_mime_message_part_get_message(part);
    if (message == nullptr) return;
    walk(g_mime_message_get_mime_part(message), self, depth + 1);
}

OutlinePart OutlineBuilder::describe(GMimeObject* object, std::optional<std::size_t> parent) const {
    OutlinePart part;
    part.type = type_of(object);
    part.parent = parent;
    std::string const id = text_or_empty(g_mime_object_get_content_id(object));
    part.content_id = std::string(trimmed(id).substr(0, ContentIdReferences::id_octets_max));
    part.placeholder = g_mime_object_get_header(object, placeholder_field) != nullptr;
    char const* const disposition = g_mime_object_get_disposition(object);
    part.attachment = disposition != nullptr && !equal_ignoring_case(disposition, "inline");
    part.transfer_encoding = lower_case(trimmed(bounded(
        g_mime_object_get_header(object, "Content-Transfer-Encoding"), encoding_octets_max)));
    GMimeHeaderList* const fields = g_mime_object_get_header_list(object);
    if (g_mime_header_list_get_count(fields) > 0) {
        gint64 const told = g_mime_header_get_offset(g_mime_header_list_get_header_at(fields, 0));
        if (told >= 0) part.header_begin = offset(told);
    }
    return part;
}

void OutlineBuilder::add_leaf(GMimePart* leaf, std::optional<std::size_t> parent) {
    OutlinePart part = describe(GMIME_OBJECT(leaf), parent);
    part.name = bounded(g_mime_part_get_filename(leaf), name_octets_max);
    part.base64 = g_mime_part_get_content_encoding(leaf) == GMIME_CONTENT_ENCODING_BASE64;
    GMimeDataWrapper* const content = g_mime_part_get_content(leaf);
    GMimeStream* const stream =
        content == nullptr ? nullptr : g_mime_data_wrapper_get_stream(content);
    if (stream != nullptr && stream->bound_start >= 0 && stream->bound_end >= stream->bound_start) {
        part.body_begin = offset(stream->bound_start);
        part.body_end = offset(stream->bound_end);
    }
    if (part.type == "text/html" || part.type == "application/xhtml+xml")
        collect_references(leaf, references_);
    outline_.parts.push_back(std::move(part));
}

MessageOutline OutlineBuilder::finish() {
    outline_.used_content_ids = references_.ids();
    outline_.all_content_ids_used = references_.overflown();
    return std::move(outline_);
}

}  // namespace

Result<MessageOutline> read_outline(int fd, FileGaps const& gaps) {
    if (auto size = file_size(fd); !size) return fail(size.error());
    ensure_gmime();
    auto const options = reading_options();
    auto const stream = adopt(new_pread_stream(fd, gaps));
    auto const parser = adopt(g_mime_parser_new_with_stream(stream.get()));
    g_mime_parser_set_persist_stream(parser.get(), TRUE);
    g_mime_parser_set_format(parser.get(), GMIME_FORMAT_MESSAGE);
    auto const message = adopt(g_mime_parser_construct_message(parser.get(), options.get()));
    OutlineBuilder builder(gaps);
    MessageOutline outline;
    if (!message || g_mime_message_get_mime_part(message.get()) == nullptr) {
        outline.trouble = "its header can't be understood";
        return outline;
    }
    builder.read_header(message.get());
    GMimeObject* const root = g_mime_message_get_mime_part(message.get());
    builder.walk(root, std::nullopt, 0);
    outline = builder.finish();
    outline.type = OutlineBuilder::type_of(root);
    return outline;
}

}  // namespace satchel::mailgw
