#include "transfer/age_primitives.h"

#include <algorithm>
#include <new>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

namespace satchel::transfer {

namespace {

// What can only fail for want of memory, or because OpenSSL lacks the algorithm, is no value for
// the caller.
void require(bool done) {
    if (!done) throw std::bad_alloc();
}

struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

using Key = std::unique_ptr<EVP_PKEY, FreeKey>;

Key private_key(std::span<Byte const, 32> scalar) {
    Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, scalar.data(), scalar.size()));
    require(key != nullptr);
    return key;
}

int length_of(std::size_t size) {
    return static_cast<int>(size);
}

}  // namespace

Secret<32> hkdf_sha256(ByteSpan key, ByteSpan salt, std::string_view info) {
    struct FreeKdf {
        void operator()(EVP_KDF* kdf) const { EVP_KDF_free(kdf); }

        void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
    };

    std::unique_ptr<EVP_KDF, FreeKdf> const kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
    require(kdf != nullptr);
    std::unique_ptr<EVP_KDF_CTX, FreeKdf> const context(EVP_KDF_CTX_new(kdf.get()));
    require(context != nullptr);

    // OSSL_PARAM takes pointers to mutable octets and does not write to them.
    auto const octets = [](char const* name, ByteSpan bytes) {
        return OSSL_PARAM_construct_octet_string(name, const_cast<Byte*>(bytes.data()),
                                                 bytes.size());
    };
    std::string digest = "SHA256";
    std::array<OSSL_PARAM, 5> parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
        octets(OSSL_KDF_PARAM_KEY, key), octets(OSSL_KDF_PARAM_INFO, bytes_of(info)),
        OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end()};
    if (!salt.empty()) parameters[3] = octets(OSSL_KDF_PARAM_SALT, salt);

    Secret<32> out;
    auto const into = out.writable();
    require(EVP_KDF_derive(context.get(), into.data(), into.size(), parameters.data()) == 1);
    return out;
}

std::array<Byte, 32> hmac_sha256(ByteSpan key, ByteSpan message) {
    std::array<Byte, 32> out{};
    unsigned size = 0;
    require(HMAC(EVP_sha256(), key.data(), length_of(key.size()), message.data(), message.size(),
                 out.data(), &size) != nullptr);
    return out;
}

Result<Secret<32>> scrypt(ByteSpan passphrase, ByteSpan salt, unsigned work_factor) {
    constexpr std::uint64_t block_size = 8;
    constexpr std::uint64_t slack_bytes = 1 << 20;
    std::uint64_t const rounds = std::uint64_t{1} << work_factor;
    std::uint64_t const memory = rounds * block_size * 128 + slack_bytes;
    Secret<32> key;
    auto const out = key.writable();
    int const done =
        EVP_PBE_scrypt(text_of(passphrase).data(), passphrase.size(), salt.data(), salt.size(),
                       rounds, block_size, 1, memory, out.data(), out.size());
    if (done != 1) {
        return fail(Fault::io, "scrypt wants " + std::to_string(memory >> 20U) +
                                   " MiB of memory, and there is less");
    }
    return key;
}

Result<Secret<32>> x25519(std::span<Byte const, 32> scalar, std::span<Byte const, 32> point) {
    struct FreeContext {
        void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
    };

    Key const ours = private_key(scalar);
    Key const theirs(
        EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, point.data(), point.size()));
    require(theirs != nullptr);
    std::unique_ptr<EVP_PKEY_CTX, FreeContext> const context(EVP_PKEY_CTX_new(ours.get(), nullptr));
    require(context != nullptr && EVP_PKEY_derive_init(context.get()) == 1);

    Secret<32> shared;
    auto const into = shared.writable();
    std::size_t size = into.size();
    // OpenSSL refuses a zero product itself; this must not depend on it.
    std::array<Byte, 32> const zero{};
    if (EVP_PKEY_derive_set_peer(context.get(), theirs.get()) != 1 ||
        EVP_PKEY_derive(context.get(), into.data(), &size) != 1 || size != into.size() ||
        CRYPTO_memcmp(into.data(), zero.data(), zero.size()) == 0) {
        return fail(Fault::corrupt, "X25519 key is a point of low order");
    }
    return shared;
}

std::array<Byte, 32> x25519_public(std::span<Byte const, 32> scalar) {
    Key const key = private_key(scalar);
    std::array<Byte, 32> out{};
    std::size_t size = out.size();
    require(EVP_PKEY_get_raw_public_key(key.get(), out.data(), &size) == 1 && size == out.size());
    return out;
}

void ChunkCipher::Free::operator()(EVP_CIPHER_CTX* context) const {
    EVP_CIPHER_CTX_free(context);
}

ChunkCipher::ChunkCipher(std::span<Byte const, 32> key, Direction direction)
    : context_(EVP_CIPHER_CTX_new()) {
    require(context_ != nullptr &&
            EVP_CipherInit_ex(context_.get(), EVP_chacha20_poly1305(), nullptr, key.data(), nullptr,
                              direction == Direction::seal ? 1 : 0) == 1);
}

void ChunkCipher::seal(AeadNonce const& nonce, ByteSpan plain, std::span<Byte> sealed) {
    auto* const context = context_.get();
    int written = 0;
    int rest = 0;
    require(EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()) == 1 &&
            EVP_EncryptUpdate(context, sealed.data(), &written, plain.data(),
                              length_of(plain.size())) == 1 &&
            EVP_EncryptFinal_ex(context, sealed.data() + written, &rest) == 1 &&
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, length_of(aead_tag_bytes),
                                sealed.data() + plain.size()) == 1);
}

bool ChunkCipher::open(AeadNonce const& nonce, ByteSpan sealed, std::span<Byte> plain) {
    if (sealed.size() < aead_tag_bytes) return false;
    auto* const context = context_.get();
    auto const text = sealed.first(sealed.size() - aead_tag_bytes);
    std::array<Byte, aead_tag_bytes> tag{};
    std::copy_n(sealed.data() + text.size(), tag.size(), tag.begin());
    int written = 0;
    int rest = 0;
    Byte nowhere = 0;
    Byte* const into = plain.empty() ? &nowhere : plain.data();
    require(EVP_DecryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()) == 1 &&
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, length_of(tag.size()),
                                tag.data()) == 1 &&
            EVP_DecryptUpdate(context, into, &written, text.data(), length_of(text.size())) == 1);
    return EVP_DecryptFinal_ex(context, into + written, &rest) == 1;
}

}  // namespace satchel::transfer
