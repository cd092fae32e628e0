#include "src/base/base64.h"

#include <array>

namespace satchel {

namespace {

constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<int, 256> make_values() {
    std::array<int, 256> values{};
    values.fill(-1);
    for (int i = 0; i < 64; ++i) {
        values[static_cast<unsigned char>(alphabet[i])] = static_cast<int>(i);
    }
    return values;
}

constexpr auto values = make_values();

}  // namespace

std::string to_base64(ByteSpan bytes, Padding padding) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    std::size_t i = 0;
    for (; i + 3 <= bytes.size(); i += 3) {
        unsigned const group =
            static_cast<unsigned>(bytes[i] << 16 | bytes[i + 1] << 8 | bytes[i + 2]);
        for (unsigned shift : {18U, 12U, 6U, 0U})
            out += alphabet[group >> shift & 63U];
    }
    std::size_t const left = bytes.size() - i;
    if (left == 0) return out;
    unsigned const group =
        static_cast<unsigned>(bytes[i] << 16 | (left == 2 ? bytes[i + 1] << 8 : 0));
    out += alphabet[group >> 18 & 63U];
    out += alphabet[group >> 12 & 63U];
    if (left == 2) out += alphabet[group >> 6 & 63U];
    if (padding == Padding::with) out.append(3 - left, '=');
    return out;
}

Result<Bytes> from_base64(std::string_view text, Padding padding) {
    if (padding == Padding::with) {
        if (text.size() % 4 != 0)
            return fail(Fault::corrupt, "base64: length is not a multiple of 4");
        for (int i = 0; i < 2 && !text.empty() && text.back() == '='; ++i)
            text.remove_suffix(1);
    }
    if (text.size() % 4 == 1) return fail(Fault::corrupt, "base64: impossible length");
    Bytes out;
    out.reserve(text.size() / 4 * 3 + 2);
    unsigned group = 0;
    unsigned bits = 0;
    for (char c : text) {
        int const value = values[static_cast<unsigned char>(c)];
        if (value < 0) return fail(Fault::corrupt, "base64: foreign character");
        group = group << 6 | static_cast<unsigned>(value);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out.push_back(static_cast<Byte>(group >> bits & 255U));
        }
    }
    if ((group & ((1U << bits) - 1)) != 0)
        return fail(Fault::corrupt, "base64: trailing bits are not zero");
    return out;
}

}  // namespace satchel
