#include "src/core/age_key.h"

#include <algorithm>
#include <cstdint>

#include <sodium.h>

#include "src/base/sodium_init.h"

namespace satchel {

namespace {

// Bech32 of 32 bytes (BIP 173, without its limit of 90 characters, as age has it): a readable part,
// "1", 52 characters of data, 6 of checksum. age writes recipients in lower case and identities in
// upper case, and takes nothing else.
constexpr std::string_view recipient_hrp = "age";
constexpr std::string_view identity_hrp = "AGE-SECRET-KEY-";
constexpr std::string_view alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr std::size_t data_symbols = 52;  // 260 bits: 256 and 4 zero bits
constexpr std::size_t checksum_symbols = 6;

enum class LetterCase { lower, upper };

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

class Checksum {
public:
    explicit Checksum(std::string_view hrp) {
        for (char const c : hrp)
            add(static_cast<std::uint8_t>(lower(c)) >> 5);
        add(0);
        for (char const c : hrp)
            add(static_cast<std::uint8_t>(lower(c)) & 31U);
    }

    void add(std::uint32_t symbol) {
        constexpr std::array<std::uint32_t, 5> generator{0x3b6a57b2, 0x26508e6d, 0x1ea119fa,
                                                         0x3d4233dd, 0x2a1462b3};
        std::uint32_t const top = state_ >> 25;
        state_ = ((state_ & 0x1ffffff) << 5) ^ symbol;
        for (unsigned bit = 0; bit < generator.size(); ++bit)
            if (((top >> bit) & 1U) != 0) state_ ^= generator[bit];
    }

    /// After all symbols, checksum included, of a whole string: 1.
    std::uint32_t state() const { return state_; }

private:
    std::uint32_t state_ = 1;
};

std::string encode_bech32(std::string_view hrp, std::span<Byte const, 32> bytes,
                          LetterCase letters) {
    Checksum checksum(hrp);
    std::string text(hrp);
    text.reserve(hrp.size() + 1 + data_symbols + checksum_symbols);  // no second copy of a secret
    text += '1';
    auto const put = [&](std::uint32_t symbol) {
        char const c = alphabet[symbol];
        text += letters == LetterCase::upper ? upper(c) : c;
    };
    for (std::size_t symbol = 0; symbol < data_symbols; ++symbol) {
        std::uint32_t value = 0;
        for (std::size_t bit = symbol * 5; bit < symbol * 5 + 5; ++bit) {
            std::uint32_t const octet = bit < 256 ? bytes[bit / 8] : 0U;
            value = value << 1 | ((octet >> (7 - bit % 8)) & 1U);
        }
        checksum.add(value);
        put(value);
    }
    for (std::size_t i = 0; i < checksum_symbols; ++i)
        checksum.add(0);
    std::uint32_t const sum = checksum.state() ^ 1U;
    for (std::size_t i = 0; i < checksum_symbols; ++i)
        put((sum >> (5 * (5 - i))) & 31U);
    return text;
}

Status decode_bech32(std::string_view text, std::string_view hrp, LetterCase letters,
                     std::span<Byte, 32> out, std::string const& what) {
    if (text.size() != hrp.size() + 1 + data_symbols + checksum_symbols || !text.starts_with(hrp) ||
        text[hrp.size()] != '1')
        return fail(Fault::usage, what + ": not " + std::string(hrp) + "1 and 58 characters");
    Checksum checksum(hrp);
    std::size_t bit = 0;
    std::ranges::fill(out, Byte{0});
    for (char const c : text.substr(hrp.size() + 1)) {
        bool const wrong_case = letters == LetterCase::upper ? c != upper(c) : c != lower(c);
        std::size_t const symbol = alphabet.find(lower(c));
        if (wrong_case || symbol == std::string_view::npos)
            return fail(Fault::usage, what + ": a character that does not belong there");
        checksum.add(static_cast<std::uint32_t>(symbol));
        for (std::size_t mask = 16; mask != 0; mask >>= 1, ++bit) {
            if (bit >= data_symbols * 5) continue;
            bool const set = (symbol & mask) != 0;
            if (bit < 256)
                out[bit / 8] = static_cast<Byte>(out[bit / 8] | (set ? 0x80U >> bit % 8 : 0U));
            else if (set)
                return fail(Fault::usage, what + ": bits beyond its end");
        }
    }
    if (checksum.state() != 1) return fail(Fault::usage, what + ": mistyped, its checksum is off");
    return {};
}

}  // namespace

Result<AgeRecipient> AgeRecipient::parse(std::string_view text) {
    AgeRecipient recipient;
    auto const status =
        decode_bech32(text, recipient_hrp, LetterCase::lower, recipient.bytes, "age recipient");
    if (!status) return fail(status.error());
    return recipient;
}

std::string AgeRecipient::to_string() const {
    return encode_bech32(recipient_hrp, bytes, LetterCase::lower);
}

AgeIdentity AgeIdentity::generate(Randomness& randomness) {
    Secret<32> scalar;
    randomness.fill(scalar.writable());
    return AgeIdentity(std::move(scalar));
}

Result<AgeIdentity> AgeIdentity::parse(std::string_view text) {
    Secret<32> scalar;
    auto const status =
        decode_bech32(text, identity_hrp, LetterCase::upper, scalar.writable(), "age identity");
    if (!status) return fail(status.error());
    return AgeIdentity(std::move(scalar));
}

AgeRecipient AgeIdentity::recipient() const {
    ensure_sodium();
    AgeRecipient recipient;
    crypto_scalarmult_base(recipient.bytes.data(), scalar_.view().data());
    return recipient;
}

std::string AgeIdentity::to_secret_string() const {
    return encode_bech32(identity_hrp, scalar_.view(), LetterCase::upper);
}

}  // namespace satchel
