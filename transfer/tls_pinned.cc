#include "transfer/tls_pinned.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

namespace satchel::transfer {
namespace {

struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }

    void operator()(X509* certificate) const { X509_free(certificate); }
};

using PrivateKey = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;

std::optional<NodeKey> ed25519_key_of(X509* certificate) {
    EVP_PKEY* const key = certificate == nullptr ? nullptr : X509_get0_pubkey(certificate);
    if (key == nullptr || EVP_PKEY_get_id(key) != EVP_PKEY_ED25519) return std::nullopt;
    PublicKey found;
    std::size_t size = found.bytes.size();
    if (EVP_PKEY_get_raw_public_key(key, found.bytes.data(), &size) != 1) return std::nullopt;
    if (size != found.bytes.size()) return std::nullopt;
    return NodeKey(found);
}

/// Names and dates mean nothing here: only the key is compared.
Certificate self_signed(EVP_PKEY* key) {
    Certificate certificate(X509_new());
    X509* const x = certificate.get();
    if (x == nullptr || X509_set_version(x, 2) != 1) return nullptr;
    if (ASN1_INTEGER_set(X509_get_serialNumber(x), 1) != 1) return nullptr;
    if (ASN1_TIME_set_string(X509_getm_notBefore(x), "19700101000000Z") != 1) return nullptr;
    if (ASN1_TIME_set_string(X509_getm_notAfter(x), "99991231235959Z") != 1) return nullptr;
    auto const name = bytes_of("satchel");
    if (X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, name.data(),
                                   static_cast<int>(name.size()), -1, 0) != 1) {
        return nullptr;
    }
    if (X509_set_issuer_name(x, X509_get_subject_name(x)) != 1) return nullptr;
    if (X509_set_pubkey(x, key) != 1) return nullptr;
    if (X509_sign(x, key, nullptr) == 0) return nullptr;  // Ed25519 takes no digest
    return certificate;
}

bool set_up(SSL_CTX* context, EVP_PKEY* key, X509* certificate) {
    // No tickets, no resumption: each connection proves both keys afresh.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    // A connection that waits keeps no buffers: they are two thirds of what it takes.
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_ciphersuites(
               context,
               "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") == 1 &&
           SSL_CTX_set1_groups_list(context, "X25519") == 1 &&
           SSL_CTX_set1_sigalgs_list(context, "ed25519") == 1 &&
           SSL_CTX_set1_client_sigalgs_list(context, "ed25519") == 1 &&
           SSL_CTX_set_num_tickets(context, 0) == 1 &&
           SSL_CTX_use_certificate(context, certificate) == 1 &&
           SSL_CTX_use_PrivateKey(context, key) == 1;
}

/// Runs inside the handshake. OpenSSL would look for an authority: the answer is replaced, for the
/// leaf alone; what a longer chain says proves nothing.
int verify_leaf(int, X509_STORE_CTX* store) {
    if (X509_STORE_CTX_get_error_depth(store) != 0) return 1;
    auto* const ssl =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto& check = *static_cast<KeyCheck*>(SSL_get_app_data(ssl));
    auto const key = ed25519_key_of(X509_STORE_CTX_get_current_cert(store));
    if (!key) return 0;
    if (check.expected && *key != *check.expected) {
        check.saw_other = true;
        return 0;
    }
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

}  // namespace

Result<TlsIdentity> TlsIdentity::create(SigningKey const& node_key) {
    auto const seed = node_key.seed();
    PrivateKey const key(
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
    auto const certificate = key ? self_signed(key.get()) : nullptr;
    if (!certificate) return fail(Fault::io, "OpenSSL cannot make a certificate of the node key");
    try {
        auto server = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
        auto client = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
        if (set_up(server->native_handle(), key.get(), certificate.get()) &&
            set_up(client->native_handle(), key.get(), certificate.get())) {
            return TlsIdentity(std::move(server), std::move(client));
        }
    } catch (boost::system::system_error const&) {
        // told below
    }
    return fail(Fault::io, "OpenSSL refuses TLS 1.3 with Ed25519 keys");
}

void check_keys(SSL* ssl, KeyCheck& check) {
    SSL_set_app_data(ssl, &check);
    SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, verify_leaf);
}

std::optional<NodeKey> peer_key(SSL* ssl) {
    Certificate const certificate(SSL_get1_peer_certificate(ssl));
    return ed25519_key_of(certificate.get());
}

Result<TlsExporter> exporter_of(SSL* ssl, std::string_view label) {
    TlsExporter secret{};
    if (SSL_export_keying_material(ssl, secret.data(), secret.size(), label.data(), label.size(),
                                   nullptr, 0, 0) != 1) {
        return fail(Fault::io, "TLS gives no exporter");
    }
    return secret;
}

}  // namespace satchel::transfer
