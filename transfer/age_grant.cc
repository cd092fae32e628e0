#include "transfer/age_grant.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "src/base/base64.h"
#include "transfer/age_primitives.h"

namespace satchel::transfer {

namespace {

constexpr std::string_view x25519_type = "X25519";
constexpr std::string_view x25519_info = "age-encryption.org/v1/X25519";
constexpr std::size_t wrapped_key_bytes = 16 + aead_tag_bytes;
// Every wrap key is used once, so its nonce may be constant (c2sp.org/age).
constexpr AeadNonce wrap_nonce{};

using Point = std::array<Byte, 32>;

Result<Secret<32>> wrap_key(std::span<Byte const, 32> scalar, Point const& point,
                            Point const& share, AgeRecipient const& recipient) {
    auto const shared = x25519(scalar, point);
    if (!shared) return fail(shared.error());
    Bytes salt = copy_of(share);
    append(salt, recipient.bytes);
    return hkdf_sha256(shared->view(), salt, x25519_info);
}

Result<AgeStanza> wrap(FileKey const& key, AgeRecipient const& recipient, Randomness& randomness) {
    Secret<32> ephemeral;
    randomness.fill(ephemeral.writable());
    Point const share = x25519_public(ephemeral.view());
    auto const wrapping = wrap_key(ephemeral.view(), recipient.bytes, share, recipient);
    if (!wrapping) return fail(Fault::refused, "age recipient: " + wrapping.error().what);

    AgeStanza stanza;
    stanza.type = x25519_type;
    stanza.arguments.push_back(to_base64(share, Padding::without));
    stanza.body.resize(wrapped_key_bytes);
    ChunkCipher(wrapping->view(), ChunkCipher::Direction::seal)
        .seal(wrap_nonce, key.view(), stanza.body);
    return stanza;
}

/// The ephemeral share of a well-formed X25519 stanza.
Result<Point> share_of(AgeStanza const& stanza) {
    Point share{};
    if (stanza.arguments.size() != 1) {
        return fail(Fault::corrupt, "age header: X25519 stanza needs one argument");
    }
    auto const decoded = from_base64(stanza.arguments.front(), Padding::without);
    if (!decoded || decoded->size() != share.size()) {
        return fail(Fault::corrupt, "age header: X25519 share is not 32 bytes of base64");
    }
    // Checked before decryption, against partitioning oracles.
    if (stanza.body.size() != wrapped_key_bytes) {
        return fail(Fault::corrupt, "age header: X25519 stanza wraps no file key");
    }
    std::copy(decoded->begin(), decoded->end(), share.begin());
    return share;
}

/// The file key, or nothing if the stanza is for somebody else.
Result<std::optional<FileKey>> unwrap(AgeStanza const& stanza, Point const& share,
                                      AgeIdentity const& identity, AgeRecipient const& recipient) {
    auto const wrapping = wrap_key(identity.scalar(), share, share, recipient);
    if (!wrapping) return fail(Fault::corrupt, "age header: " + wrapping.error().what);
    FileKey key;
    bool const opened = ChunkCipher(wrapping->view(), ChunkCipher::Direction::open)
                            .open(wrap_nonce, stanza.body, key.writable());
    if (!opened) return std::optional<FileKey>();
    return std::optional(std::move(key));
}

std::array<Byte, 32> header_mac(FileKey const& key, ByteSpan covered) {
    return hmac_sha256(hkdf_sha256(key.view(), {}, "header").view(), covered);
}

}  // namespace

FileKey make_file_key(Randomness& randomness) {
    FileKey key;
    randomness.fill(key.writable());
    return key;
}

Bytes seal_header(FileKey const& key, std::vector<AgeStanza> const& stanzas) {
    std::string text = format_age_header(stanzas);
    text += format_age_mac(header_mac(key, bytes_of(text)));
    return copy_of(bytes_of(text));
}

Status check_header_mac(FileKey const& key, AgeHeader const& header, ByteSpan text) {
    auto const mac = header_mac(key, text.first(header.mac_covers));
    bool const genuine = equal_in_constant_time(mac, header.mac);
    return genuine ? Status() : Status(fail(Fault::corrupt, "age header: MAC is wrong"));
}

Result<Bytes> make_grant(FileKey const& key, std::span<AgeRecipient const> recipients,
                         Randomness& randomness) {
    if (recipients.empty()) return fail(Fault::usage, "age: no recipient");
    std::vector<AgeStanza> stanzas;
    for (auto const& recipient : recipients) {
        auto stanza = wrap(key, recipient, randomness);
        if (!stanza) return fail(stanza.error());
        stanzas.push_back(std::move(*stanza));
    }
    return seal_header(key, stanzas);
}

Result<Bytes> make_grant(FileKey const& key, AgeRecipient const& recipient,
                         Randomness& randomness) {
    return make_grant(key, std::span(&recipient, 1), randomness);
}

Result<FileKey> open_grant(ByteSpan grant, std::span<AgeIdentity const> identities) {
    auto const header = parse_age_header(grant);
    if (!header) return fail(header.error());
    if (!*header) return fail(Fault::corrupt, "age header: truncated");
    if ((*header)->size != grant.size()) {
        return fail(Fault::corrupt, "age header: followed by something else");
    }
    return open_header(**header, grant, identities);
}

Result<FileKey> open_header(AgeHeader const& header, ByteSpan text,
                            std::span<AgeIdentity const> identities) {
    std::vector<std::pair<AgeStanza const*, Point>> candidates;
    for (auto const& stanza : header.stanzas) {
        if (stanza.type != x25519_type) continue;
        auto const share = share_of(stanza);
        if (!share) return fail(share.error());
        candidates.emplace_back(&stanza, *share);
    }
    for (auto const& identity : identities) {
        auto const recipient = identity.recipient();
        for (auto const& [stanza, share] : candidates) {
            auto key = unwrap(*stanza, share, identity, recipient);
            if (!key) return fail(key.error());
            if (!*key) continue;
            if (auto genuine = check_header_mac(**key, header, text); !genuine)
                return fail(genuine.error());
            return std::move(**key);
        }
    }
    return fail(Fault::refused, "age: no identity matches");
}

}  // namespace satchel::transfer
