#include "transfer/age_passphrase.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "src/base/base64.h"
#include "transfer/age_primitives.h"

namespace satchel::transfer {

namespace {

constexpr std::string_view scrypt_type = "scrypt";
constexpr std::string_view salt_label = "age-encryption.org/v1/scrypt";
constexpr std::size_t salt_bytes = 16;
constexpr std::size_t wrapped_key_bytes = 16 + aead_tag_bytes;
// Every wrap key has its own salt, so its nonce may be constant (c2sp.org/age).
constexpr AeadNonce wrap_nonce{};

struct ScryptArguments {
    std::array<Byte, salt_bytes> salt{};
    unsigned work_factor = 0;
};

Result<Secret<32>> wrap_key(ByteSpan passphrase, ScryptArguments const& arguments) {
    Bytes salt = copy_of(bytes_of(salt_label));
    append(salt, arguments.salt);
    return scrypt(passphrase, salt, arguments.work_factor);
}

/// A number without sign or leading zero.
Result<unsigned> parse_work_factor(std::string const& text) {
    unsigned factor = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), factor);
    bool const whole = error == std::errc() && end == text.data() + text.size();
    if (!whole || text.starts_with('0') || factor > scrypt_work_factor_max)
        return fail(Fault::corrupt, "age header: scrypt work factor is none, or too large");
    return factor;
}

Result<ScryptArguments> parse_arguments(AgeStanza const& stanza) {
    if (stanza.arguments.size() != 2)
        return fail(Fault::corrupt, "age header: scrypt stanza needs two arguments");
    auto const salt = from_base64(stanza.arguments[0], Padding::without);
    if (!salt || salt->size() != salt_bytes)
        return fail(Fault::corrupt, "age header: scrypt salt is not 16 bytes of base64");
    auto const factor = parse_work_factor(stanza.arguments[1]);
    if (!factor) return fail(factor.error());
    if (stanza.body.size() != wrapped_key_bytes)
        return fail(Fault::corrupt, "age header: scrypt stanza wraps no file key");
    ScryptArguments arguments;
    std::copy(salt->begin(), salt->end(), arguments.salt.begin());
    arguments.work_factor = *factor;
    return arguments;
}

}  // namespace

Result<Bytes> make_passphrase_header(FileKey const& key, ByteSpan passphrase,
                                     Randomness& randomness, unsigned work_factor) {
    if (passphrase.empty()) return fail(Fault::usage, "an empty passphrase protects nothing");
    ScryptArguments const arguments{randomness.array<salt_bytes>(), work_factor};
    auto const wrapping = wrap_key(passphrase, arguments);
    if (!wrapping) return fail(wrapping.error());
    AgeStanza stanza{std::string(scrypt_type),
                     {to_base64(arguments.salt, Padding::without), std::to_string(work_factor)},
                     Bytes(wrapped_key_bytes)};
    ChunkCipher(wrapping->view(), ChunkCipher::Direction::seal)
        .seal(wrap_nonce, key.view(), stanza.body);
    return seal_header(key, {std::move(stanza)});
}

Result<FileKey> open_header_with_passphrase(AgeHeader const& header, ByteSpan text,
                                            ByteSpan passphrase) {
    auto const is_scrypt = [](AgeStanza const& stanza) { return stanza.type == scrypt_type; };
    auto const count = std::count_if(header.stanzas.begin(), header.stanzas.end(), is_scrypt);
    if (count == 0) return fail(Fault::refused, "age: no passphrase opens this file");
    // Whoever opens by passphrase takes the writer for who knows it: nobody else may be able to.
    if (header.stanzas.size() != 1)
        return fail(Fault::corrupt, "age header: a scrypt stanza stands alone");
    AgeStanza const& stanza = header.stanzas.front();
    auto const arguments = parse_arguments(stanza);
    if (!arguments) return fail(arguments.error());
    auto const wrapping = wrap_key(passphrase, *arguments);
    if (!wrapping) return fail(wrapping.error());
    FileKey key;
    bool const opened = ChunkCipher(wrapping->view(), ChunkCipher::Direction::open)
                            .open(wrap_nonce, stanza.body, key.writable());
    if (!opened) return fail(Fault::refused, "age: this is not the passphrase");
    if (auto genuine = check_header_mac(key, header, text); !genuine) return fail(genuine.error());
    return key;
}

}  // namespace satchel::transfer
