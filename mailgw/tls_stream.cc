#include "mailgw/tls_stream.h"

#include <array>

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace satchel::mailgw {

namespace {

using Context = std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)>;

bool is_ip(std::string const& host) {
    std::array<Byte, 16> ignored;
    return ::inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

std::string openssl_error() {
    auto const code = ::ERR_get_error();
    char const* const reason = code == 0 ? nullptr : ::ERR_reason_error_string(code);
    ::ERR_clear_error();
    return reason == nullptr ? "no reason given" : reason;
}

Result<Context> make_context(std::string const& ca_file) {
    Context context(::SSL_CTX_new(::TLS_client_method()), ::SSL_CTX_free);
    if (!context) return fail(Fault::io, "TLS: " + openssl_error());
    ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    ::SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    bool const trusting = ca_file.empty() ? ::SSL_CTX_set_default_verify_paths(context.get()) == 1
                                          : ::SSL_CTX_load_verify_locations(
                                                context.get(), ca_file.c_str(), nullptr) == 1;
    if (!trusting) {
        return fail(Fault::config, (ca_file.empty() ? "the system's CAs" : ca_file) +
                                       ": no certificates to trust (" + openssl_error() + ')');
    }
    return context;
}

/// SSL_set_tlsext_host_name() without the cast in its macro; the name is copied.
bool ask_for(SSL* ssl, std::string const& host) {
    return ::SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                      const_cast<char*>(host.c_str())) == 1;
}

/// Which certificate will do; and which is asked for, where a server has many (RFC 6066 §3).
bool expect(SSL* ssl, std::string const& host) {
    X509_VERIFY_PARAM* const wanted = ::SSL_get0_param(ssl);
    if (is_ip(host)) return ::X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1;
    ::X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return ::X509_VERIFY_PARAM_set1_host(wanted, host.data(), host.size()) == 1 &&
           ask_for(ssl, host);
}

}  // namespace

void TlsStream::Free::operator()(ssl_st* ssl) const {
    ::SSL_free(ssl);
}

Status check_ca_file(std::string const& path) {
    auto const context = make_context(path);
    return context ? Status() : Status(fail(context.error()));
}

/// Sends what TLS has to say.
Status TlsStream::flush(HopSocket& socket, HopSocket::Deadline deadline) {
    BIO* const outgoing = ::SSL_get_wbio(ssl_.get());
    std::array<Byte, 16 * 1024> buffer;
    for (;;) {
        int const count = ::BIO_read(outgoing, buffer.data(), static_cast<int>(buffer.size()));
        if (count <= 0) return {};
        auto const piece = ByteSpan(buffer).first(static_cast<std::size_t>(count));
        if (auto sent = socket.send(piece, deadline); !sent) return sent;
    }
}

/// Feeds TLS with what has come.
Status TlsStream::refill(HopSocket& socket, HopSocket::Deadline deadline) {
    std::array<Byte, 16 * 1024> buffer;
    auto const count = socket.receive(buffer, deadline);
    if (!count) return fail(count.error());
    if (*count == 0) return fail(Fault::unavailable, "next hop closed the connection");
    if (::BIO_write(::SSL_get_rbio(ssl_.get()), buffer.data(), static_cast<int>(*count)) <= 0) {
        return fail(Fault::io, "TLS: " + openssl_error());
    }
    return {};
}

/// Repeats `step` until it is through. 0 where the other side has closed TLS.
template <class Step>
Result<std::size_t> TlsStream::run(HopSocket& socket, HopSocket::Deadline deadline, Step step) {
    for (;;) {
        ::ERR_clear_error();
        int const done = step(ssl_.get());
        int const state = ::SSL_get_error(ssl_.get(), done);
        auto const flushed = flush(socket, deadline);
        if (state == SSL_ERROR_ZERO_RETURN) return std::size_t{0};
        if (done <= 0 && state != SSL_ERROR_WANT_READ) {
            return fail(Fault::corrupt, "next hop: TLS failed: " + openssl_error());
        }
        if (!flushed) return fail(flushed.error());
        if (done > 0) return static_cast<std::size_t>(done);
        if (auto more = refill(socket, deadline); !more) return fail(more.error());
    }
}

Result<TlsStream> TlsStream::connect(HopSocket& socket, TlsPeer const& peer,
                                     HopSocket::Deadline deadline) {
    auto const context = make_context(peer.ca_file);
    if (!context) return fail(context.error());
    TlsStream stream(std::unique_ptr<ssl_st, Free>(::SSL_new(context->get())));
    SSL* const ssl = stream.ssl_.get();
    if (ssl == nullptr || !expect(ssl, peer.host)) {
        return fail(Fault::io, "TLS: " + openssl_error());
    }
    ::SSL_set_bio(ssl, ::BIO_new(::BIO_s_mem()), ::BIO_new(::BIO_s_mem()));
    ::SSL_set_connect_state(ssl);
    auto const shaken = stream.run(socket, deadline, ::SSL_do_handshake);
    long const verdict = ::SSL_get_verify_result(ssl);
    if (verdict != X509_V_OK) {
        return fail(Fault::untrusted, "next hop " + peer.host + ": its certificate won't do: " +
                                          ::X509_verify_cert_error_string(verdict));
    }
    if (!shaken) return fail(shaken.error());
    if (*shaken == 0) return fail(Fault::corrupt, "next hop: TLS failed: closed");
    return stream;
}

Status TlsStream::send(HopSocket& socket, ByteSpan bytes, HopSocket::Deadline deadline) {
    // Writing to memory takes all or nothing; in pieces, so that what waits for the socket is
    // small.
    constexpr std::size_t piece = 64 * 1024;
    while (!bytes.empty()) {
        auto const now = bytes.first(std::min(bytes.size(), piece));
        auto const sent = run(socket, deadline, [now](SSL* ssl) {
            return ::SSL_write(ssl, now.data(), static_cast<int>(now.size()));
        });
        if (!sent) return fail(sent.error());
        if (*sent == 0) return fail(Fault::unavailable, "next hop closed the connection");
        bytes = bytes.subspan(*sent);
    }
    return {};
}

Result<std::size_t> TlsStream::receive(HopSocket& socket, std::span<Byte> into,
                                       HopSocket::Deadline deadline) {
    return run(socket, deadline, [into](SSL* ssl) {
        return ::SSL_read(ssl, into.data(), static_cast<int>(into.size()));
    });
}

}  // namespace satchel::mailgw
