#include "transfer/body_mask.h"

#include <array>
#include <cassert>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

namespace satchel::transfer {

namespace {

constexpr std::size_t key_bytes = 16;

enum class Sender { dialler, listener };

Result<BodyMask> mask_of(SSL* ssl, Sender sender) {
    auto keys = exporter_of(ssl, "EXPORTER-satchel-body-v1");
    if (!keys) return fail(keys.error());
    static_assert(std::tuple_size_v<TlsExporter> == 2 * key_bytes);
    auto const both = std::span<Byte const, 2 * key_bytes>(*keys);
    auto mask = BodyMask::with_key(sender == Sender::dialler ? both.first<key_bytes>()
                                                             : both.last<key_bytes>());
    OPENSSL_cleanse(keys->data(), keys->size());
    return mask;
}

}  // namespace

void BodyMask::Free::operator()(EVP_CIPHER_CTX* context) const {
    EVP_CIPHER_CTX_free(context);
}

Result<BodyMask> BodyMask::of_sent(SSL* ssl) {
    return mask_of(ssl, SSL_is_server(ssl) == 1 ? Sender::listener : Sender::dialler);
}

Result<BodyMask> BodyMask::of_received(SSL* ssl) {
    return mask_of(ssl, SSL_is_server(ssl) == 1 ? Sender::dialler : Sender::listener);
}

Result<BodyMask> BodyMask::with_key(std::span<Byte const, key_bytes> key) {
    auto wide = WideAesCounter::with_key(key);
    if (wide) return BodyMask(std::move(wide));
    return by_openssl(key);
}

Result<BodyMask> BodyMask::by_openssl(std::span<Byte const, key_bytes> key) {
    static constexpr std::array<Byte, 16> first_counter{};
    std::unique_ptr<EVP_CIPHER_CTX, Free> context(EVP_CIPHER_CTX_new());
    bool const ready = context && EVP_EncryptInit_ex(context.get(), EVP_aes_128_ctr(), nullptr,
                                                     key.data(), first_counter.data()) == 1;
    if (!ready) return fail(Fault::io, "OpenSSL refuses AES-128 in counter mode");
    return BodyMask(std::move(context));
}

Status BodyMask::apply(ByteSpan in, std::span<Byte> out) {
    assert(in.size() == out.size());
    if (wide_) {
        wide_->apply(in, out);
        return {};
    }
    int written = 0;
    if (EVP_EncryptUpdate(context_.get(), out.data(), &written, in.data(),
                          static_cast<int>(in.size())) != 1) {
        return fail(Fault::io, "OpenSSL masks nothing");
    }
    return {};
}

}  // namespace satchel::transfer
