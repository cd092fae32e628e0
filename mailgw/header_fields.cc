#include "mailgw/header_fields.h"

#include <algorithm>

#include "mailgw/line_reader.h"
#include "mailgw/mail_text.h"

namespace satchel::mailgw {

Result<std::vector<HeaderField>> read_header_fields(int fd) {
    LineReader reader(fd);
    std::vector<HeaderField> fields;
    MailLine line;
    bool in_field = false;
    while (reader.position() < header_octets_max) {
        auto const more = reader.next(line);
        if (!more) return fail(more.error());
        if (!*more || line.is_blank()) break;
        auto const text = line.content();
        bool const goes_on = !line.starts || text.starts_with(' ') || text.starts_with('\t');
        if (goes_on) {
            if (in_field) fields.back().value.append(1, ' ').append(trimmed(text));
            continue;
        }
        auto const colon = text.find(':');
        in_field = colon != std::string_view::npos && colon > 0;
        if (!in_field) continue;
        fields.push_back({std::string(trimmed(text.substr(0, colon))),
                          std::string(trimmed(text.substr(colon + 1)))});
    }
    return fields;
}

std::string first_value(std::vector<HeaderField> const& fields, std::string_view name) {
    auto const found = std::find_if(fields.begin(), fields.end(), [&](HeaderField const& field) {
        return equal_ignoring_case(field.name, name);
    });
    return found == fields.end() ? "" : found->value;
}

}  // namespace satchel::mailgw
