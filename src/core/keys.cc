#include "src/core/keys.h"

#include <algorithm>
#include <mutex>

#include <sodium.h>

#include "src/base/sodium_hash.h"
#include "src/base/sodium_init.h"

namespace satchel {

namespace {

Bytes joined(std::string_view prefix, ByteSpan message) {
    Bytes bytes = copy_of(bytes_of(prefix));
    append(bytes, message);
    return bytes;
}

/// Signatures that were found to hold. The same records and bindings come again and again, and to
/// check one takes fifty times as long as to know it. Whatever is asked hangs on these bytes alone,
/// so nothing here grows old; what it has forgotten is checked once more.
class KnownSignatures {
public:
    using Mark = std::array<Byte, 32>;

    bool contains(Mark const& mark) const {
        std::lock_guard const lock(mutex_);
        return marks_[index(mark)] == mark;
    }

    void add(Mark const& mark) {
        std::lock_guard const lock(mutex_);
        marks_[index(mark)] = mark;
    }

private:
    static std::size_t index(Mark const& mark) {
        return (std::size_t{mark[0]} << 8U | mark[1]) % marks_max;
    }

    static constexpr std::size_t marks_max = 1'024;

    mutable std::mutex mutex_;
    std::array<Mark, marks_max> marks_{};
};

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
    static KnownSignatures known;
    auto const mark = blake2b<32>({signer.bytes, signature, signed_bytes});
    if (known.contains(mark)) return true;
    bool const holds = crypto_sign_verify_detached(signature.data(), signed_bytes.data(),
                                                   signed_bytes.size(), signer.bytes.data()) == 0;
    if (holds) known.add(mark);
    return holds;
}

}  // namespace satchel
