#include "transfer/tls_pinned.h"

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include "tests/support/await_on.h"
#include "tests/support/tls_pair.h"

using namespace satchel;
using namespace satchel::transfer;
using namespace satchel::testing;

namespace {

constexpr std::chrono::seconds patience{5};

}  // namespace

TEST_CASE("tls_pinned: both sides learn the other's key, and one secret") {
    TlsPair pair;
    TlsChannel listener(std::move(pair.listener), pair.server.server());
    TlsChannel dialler(std::move(pair.dialler), pair.client.client());
    std::optional<Status> accepted;
    asio::co_spawn(pair.io, listener.accept_handshake(patience),
                   [&](std::exception_ptr, Status status) { accepted = std::move(status); });
    Status const dialled =
        await_on(pair.io, dialler.dial_handshake(NodeKey(pair.server_key.public_key()), patience));
    CHECK(dialled);
    run_until(pair.io, [&] { return accepted.has_value(); });
    REQUIRE(*accepted);
    CHECK(listener.peer() == pair.client_key.public_key());
    CHECK(dialler.peer() == pair.server_key.public_key());
    auto const here = listener.device_exporter();
    auto const there = dialler.device_exporter();
    REQUIRE(here);
    REQUIRE(there);
    CHECK(*here == *there);
}

TEST_CASE("tls_pinned: another key at the listener gets nothing") {
    TlsPair pair;
    TlsChannel listener(std::move(pair.listener), pair.server.server());
    TlsChannel dialler(std::move(pair.dialler), pair.client.client());
    std::optional<Status> accepted;
    asio::co_spawn(pair.io, listener.accept_handshake(patience),
                   [&](std::exception_ptr, Status status) { accepted = std::move(status); });
    Status const dialled =
        await_on(pair.io, dialler.dial_handshake(NodeKey(pair.other_key.public_key()), patience));
    REQUIRE_FALSE(dialled);
    CHECK(dialled.error().fault == Fault::untrusted);
    run_until(pair.io, [&] { return accepted.has_value(); });
    CHECK_FALSE(*accepted);
}

TEST_CASE("tls_pinned: callers without a key, or with old TLS, are not let in") {
    bool const bare = true;
    for (bool const without_certificate : {bare, !bare}) {
        CAPTURE(without_certificate);
        TlsPair pair;
        TlsChannel listener(std::move(pair.listener), pair.server.server());
        asio::ssl::context context(asio::ssl::context::tls_client);
        if (!without_certificate) {
            SSL_CTX_set_max_proto_version(context.native_handle(), TLS1_2_VERSION);
        }
        TlsChannel dialler(std::move(pair.dialler), context);
        asio::co_spawn(pair.io,
                       dialler.dial_handshake(NodeKey(pair.server_key.public_key()), patience),
                       asio::detached);
        Status const accepted = await_on(pair.io, listener.accept_handshake(patience));
        CHECK_FALSE(accepted);
        dialler.close();
        pair.io.restart();
        pair.io.poll();
    }
}

TEST_CASE("tls_pinned: a silent side costs no more than the patience") {
    TlsPair pair;
    TlsChannel listener(std::move(pair.listener), pair.server.server());
    Status const accepted =
        await_on(pair.io, listener.accept_handshake(std::chrono::milliseconds(50)));
    REQUIRE_FALSE(accepted);
    CHECK(accepted.error().fault == Fault::timed_out);
}
