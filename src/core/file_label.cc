#include "src/core/file_label.h"

#include <algorithm>
#include <array>

#include "src/core/limits.h"
#include "src/core/msgpack_codec.h"
#include "src/core/utf8.h"

namespace satchel {

namespace {

// Octets of each text. Together with the rest and age's frame they stay below limits::label_bytes.
constexpr std::size_t name_octets = 1'024;
constexpr std::size_t type_octets = 255;
constexpr std::size_t message_id_octets = 998;  // a line of RFC 5322 §2.1.1
constexpr std::size_t sender_octets = 998;
constexpr std::size_t subject_octets = 2'048;
constexpr std::size_t encoding_octets = 64;
static_assert(name_octets + type_octets + message_id_octets + sender_octets + subject_octets +
                  encoding_octets + 1'024 <
              limits::label_bytes);

constexpr std::size_t file_name_octets = 200;
constexpr std::size_t extension_octets = 20;
constexpr std::string_view nameless = "attachment";

void write_text(MsgpackWriter& out, std::string_view text, std::size_t max_octets) {
    std::string const whole = to_utf8(text);
    out.text(utf8_prefix(whole, max_octets));
}

/// Characters that show nothing, or turn the order of what is shown ("exe.fdp").
bool is_invisible(std::string_view character) {
    constexpr std::array<std::string_view, 4> zero_width{"\u200b", "\u2028", "\u2060", "\ufeff"};
    auto const within = [&](std::string_view low, std::string_view high) {
        return character.size() == low.size() && character >= low && character <= high;
    };
    if (character.size() == 1) return character[0] < ' ' || character[0] == 0x7f;
    return within("\u0080", "\u009f") || within("\u200e", "\u200f") || within("\u2028", "\u202e") ||
           within("\u2066", "\u2069") ||
           std::ranges::find(zero_width, character) != zero_width.end();
}

std::string visible(std::string_view text) {
    constexpr std::string_view reserved = ":*?\"<>|";  // on file systems of Windows
    std::string out;
    while (!text.empty()) {
        std::string_view const character = text.substr(0, utf8_character_octets(text));
        text.remove_prefix(character.size());
        if (is_invisible(character)) continue;
        if (character.size() == 1 && reserved.find(character[0]) != std::string_view::npos)
            out += '_';
        else
            out += character;
    }
    return out;
}

std::string_view without_edges(std::string_view name) {
    while (!name.empty() && (name.front() == '.' || name.front() == ' '))
        name.remove_prefix(1);
    while (!name.empty() && (name.back() == '.' || name.back() == ' '))
        name.remove_suffix(1);
    return name;
}

/// "CON", "nul.txt", "Com1": Windows opens the device.
bool is_device(std::string_view name) {
    std::string stem(name.substr(0, name.find('.')));
    while (stem.ends_with(' '))
        stem.pop_back();
    for (char& c : stem)
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    constexpr std::array<std::string_view, 6> whole{"CON", "PRN",    "AUX",
                                                    "NUL", "CONIN$", "CONOUT$"};
    if (std::ranges::find(whole, stem) != whole.end()) return true;
    if (!stem.starts_with("COM") && !stem.starts_with("LPT")) return false;
    constexpr std::array<std::string_view, 3> superscripts{"\u00b9", "\u00b2", "\u00b3"};
    std::string_view const port = std::string_view(stem).substr(3);
    return (port.size() == 1 && port[0] >= '0' && port[0] <= '9') ||
           std::ranges::find(superscripts, port) != superscripts.end();
}

/// At most file_name_octets, the extension kept where it is one.
std::string shortened(std::string_view name) {
    if (name.size() <= file_name_octets) return std::string(name);
    std::size_t const dot = name.rfind('.');
    std::string_view extension;
    if (dot != std::string_view::npos && name.size() - dot <= extension_octets)
        extension = name.substr(dot);
    name.remove_suffix(extension.size());
    std::string out(without_edges(utf8_prefix(name, file_name_octets - extension.size())));
    return out.append(extension);
}

}  // namespace

Bytes encode_label(FileLabel const& label) {
    MsgpackWriter out;
    out.map(label.encoding.empty() ? 7 : 8);
    write_text(out.key(1), label.name, name_octets);
    write_text(out.key(2), label.type, type_octets);
    out.key(3).number(label.bytes);
    out.key(4).binary(label.sha256);
    write_text(out.key(5), label.message_id, message_id_octets);
    write_text(out.key(6), label.sender, sender_octets);
    write_text(out.key(7), label.subject, subject_octets);
    if (!label.encoding.empty()) write_text(out.key(8), label.encoding, encoding_octets);
    return out.take();
}

Result<FileLabel> decode_label(ByteSpan bytes) {
    auto const value = decode_msgpack(bytes, limits::label_bytes);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_map(*value);
    FileLabel label;
    label.name = fields.text(1, name_octets);
    label.type = fields.text(2, type_octets);
    label.bytes = fields.number(3);
    label.sha256 = fields.binary_of<32>(4);
    label.message_id = fields.text(5, message_id_octets);
    label.sender = fields.text(6, sender_octets);
    label.subject = fields.text(7, subject_octets);
    if (fields.has(8)) label.encoding = fields.text(8, encoding_octets);
    if (auto status = fields.status(); !status) return fail(status.error());
    return label;
}

std::string safe_file_name(std::string const& name) {
    std::string const utf8 = to_utf8(name);
    // Only the last component counts (RFC 2183 §2.3).
    std::size_t const separator = utf8.find_last_of("/\\");
    std::string const shown =
        visible(separator == std::string::npos ? utf8 : utf8.substr(separator + 1));
    std::string safe = shortened(without_edges(shown));
    if (safe.empty()) return std::string(nameless);
    // A leading hyphen reads as an option to the programs that it is handed to.
    if (safe.front() == '-') safe.front() = '_';
    if (is_device(safe)) return std::string("_").append(safe);
    return safe;
}

}  // namespace satchel
