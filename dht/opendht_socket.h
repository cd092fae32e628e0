// The UDP side of one OpenDHT node on an Asio thread: at most one socket per family, no thread and
// no select() of OpenDHT's own.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>

#include <opendht/network_utils.h>
#include <opendht/sockaddr.h>

#include "dht/datagram_fate.h"
#include "src/base/asio.h"
#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/core/endpoint.h"

namespace satchel::location {

::dht::SockAddr to_sock_addr(Endpoint const& endpoint);
/// None for what is neither IPv4 nor IPv6.
std::optional<Endpoint> to_endpoint(::dht::SockAddr const& address);

/// The sockets. Datagrams go to `receive` until close().
class UdpPorts : public std::enable_shared_from_this<UdpPorts> {
public:
    using Receive = std::function<void(ByteSpan datagram, ::dht::SockAddr from)>;

    /// Binds `listen`; for `[::]` IPv4 too, on the same port. Fault::config: the port is taken or
    /// the address not ours.
    static Result<std::shared_ptr<UdpPorts>> open(asio::io_context& owner, Endpoint const& listen,
                                                  DatagramFate fate = {});

    void start(Receive receive);
    void close();

    /// 0, or the errno.
    int send(::dht::SockAddr const& to, ByteSpan datagram);

    bool has(sa_family_t family) const;
    ::dht::SockAddr const& bound(sa_family_t family) const;

private:
    struct Port {
        asio::ip::udp::socket socket;
        ::dht::SockAddr bound;
    };

    Result<void> bind(asio::io_context& owner, asio::ip::udp::endpoint const& where);
    void listen(Port& port);
    int send_now(::dht::SockAddr const& to, ByteSpan datagram);
    void send_later(::dht::SockAddr const& to, ByteSpan datagram, std::chrono::microseconds delay);
    /// Reads what is there, a bounded batch, so that timers and others get their turn.
    void drain(Port& port);

    std::optional<Port> v4_;
    std::optional<Port> v6_;
    ::dht::SockAddr none_;
    Receive receive_;
    DatagramFate fate_;
    std::array<Byte, 65536> buffer_{};
};

/// What dht::Dht is given: it sends through the ports. Receiving goes another way, by periodic().
class OpendhtSocket final : public ::dht::net::DatagramSocket {
public:
    explicit OpendhtSocket(std::shared_ptr<UdpPorts> ports)
        : ports_(std::move(ports)) {}

    int sendTo(::dht::SockAddr const& to, std::uint8_t const* data, std::size_t size,
               bool replied) override;

    bool hasIPv4() const override { return ports_->has(AF_INET); }

    bool hasIPv6() const override { return ports_->has(AF_INET6); }

    ::dht::SockAddr const& getBoundRef(sa_family_t family) const override {
        return ports_->bound(family);
    }

    void stop() override {}

private:
    std::shared_ptr<UdpPorts> ports_;
};

}  // namespace satchel::location
