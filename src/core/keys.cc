#include "src/core/keys.h"

#include <algorithm>

#include <sodium.h>

#include "src/base/sodium_init.h"

namespace satchel {

namespace {

Bytes joined(std::string_view prefix, ByteSpan message) {
    Bytes bytes = copy_of(bytes_of(prefix));
    append(bytes, message);
    return bytes;
}

}  // namespace

SigningKey::SigningKey(Secret<32> seed, PublicKey key)
    : seed_(std::move(seed))
    , public_(key) {}

SigningKey SigningKey::generate(Randomness& randomness) {
    Secret<32> seed;
    randomness.fill(seed.writable());
    return from_seed(std::move(seed));
}

SigningKey SigningKey::from_seed(Secret<32> seed) {
    ensure_sodium();
    PublicKey key;
    Secret<crypto_sign_SECRETKEYBYTES> expanded;
    crypto_sign_seed_keypair(key.bytes.data(), expanded.writable().data(), seed.view().data());
    return {std::move(seed), key};
}

Signature SigningKey::sign(std::string_view prefix, ByteSpan message) const {
    // libsodium's secret key is seed ‖ public key (RFC 8032 §5.1.5 needs no more).
    Secret<crypto_sign_SECRETKEYBYTES> expanded;
    std::ranges::copy(seed_.view(), expanded.writable().begin());
    std::ranges::copy(public_.bytes, expanded.writable().begin() + 32);
    Bytes const signed_bytes = joined(prefix, message);
    Signature signature{};
    crypto_sign_detached(signature.data(), nullptr, signed_bytes.data(), signed_bytes.size(),
                         expanded.view().data());
    return signature;
}

bool verify_signature(PublicKey const& signer, std::string_view prefix, ByteSpan message,
                      Signature const& signature) {
    ensure_sodium();
    Bytes const signed_bytes = joined(prefix, message);
    return crypto_sign_verify_detached(signature.data(), signed_bytes.data(), signed_bytes.size(),
                                       signer.bytes.data()) == 0;
}

}  // namespace satchel
