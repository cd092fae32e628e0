#include "src/base/sha256.h"

#include <algorithm>
#include <new>

#include <openssl/evp.h>

#include "src/base/sha256_instructions.h"

namespace satchel {

struct Sha256::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();

    State() {
        if (context == nullptr || EVP_DigestInit_ex(context, EVP_sha256(), nullptr) != 1) {
            throw std::bad_alloc();
        }
    }

    State(State const&) = delete;
    State& operator=(State const&) = delete;

    ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256()
    : state_(std::make_unique<State>()) {}

Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(ByteSpan more) {
    EVP_DigestUpdate(state_->context, more.data(), more.size());
}

Sha256Digest Sha256::finish() {
    Sha256Digest digest{};
    EVP_DigestFinal_ex(state_->context, digest.data(), nullptr);
    EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr);
    return digest;
}

Sha256Digest sha256(ByteSpan bytes) {
    Sha256 hash;
    hash.update(bytes);
    return hash.finish();
}

Sha256Digest sha256_of_joined(std::span<Byte const, 32> left, std::span<Byte const, 32> right) {
    std::array<Byte, 64> joined{};
    std::copy(left.begin(), left.end(), joined.begin());
    std::copy(right.begin(), right.end(), joined.begin() + 32);
#if defined(__x86_64__)
    // OpenSSL takes longer to begin and to end than for two blocks.
    if (sha_instructions::available()) return sha_instructions::digest_of_block(joined);
#endif
    thread_local Sha256 hash;  // to make one costs more than the two blocks
    hash.update(joined);
    return hash.finish();
}

}  // namespace satchel
