// Two sockets that are connected, and a node's key for each.
#pragma once

#include "src/core/keys.h"
#include "tests/support/seeded_randomness.h"
#include "transfer/tls_channel.h"
#include "transfer/tls_pinned.h"

namespace satchel::testing {

struct TlsPair {
    TlsPair() {
        asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
        dialler.connect(acceptor.local_endpoint());
        acceptor.accept(listener);
    }

    asio::io_context io;
    SeededRandomness chance;
    SigningKey server_key = SigningKey::generate(chance);
    SigningKey client_key = SigningKey::generate(chance);
    SigningKey other_key = SigningKey::generate(chance);
    transfer::TlsIdentity server = *transfer::TlsIdentity::create(server_key);
    transfer::TlsIdentity client = *transfer::TlsIdentity::create(client_key);
    asio::ip::tcp::socket dialler{io};
    asio::ip::tcp::socket listener{io};
};

}  // namespace satchel::testing
