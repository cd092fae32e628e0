#include "dht/opendht_socket.h"

#include <cerrno>

#include <sys/socket.h>

namespace satchel::location {
namespace {

using boost::system::error_code;

constexpr int receive_buffer_bytes = 1 << 20;  // a burst of answers while the thread is busy
constexpr int batch_max = 64;

::dht::SockAddr sock_addr_of(asio::ip::udp::endpoint const& endpoint) {
    return {endpoint.data(), static_cast<socklen_t>(endpoint.size())};
}

}  // namespace

::dht::SockAddr to_sock_addr(Endpoint const& endpoint) {
    error_code ignored;
    auto const address = asio::ip::make_address(endpoint.ip, ignored);
    return sock_addr_of({address, endpoint.port});
}

std::optional<Endpoint> to_endpoint(::dht::SockAddr const& address) {
    asio::ip::udp::endpoint endpoint;
    auto const family = address.getFamily();
    if ((family != AF_INET && family != AF_INET6) || address.getLength() > endpoint.capacity())
        return std::nullopt;
    endpoint.resize(address.getLength());
    std::copy_n(reinterpret_cast<Byte const*>(address.get()), address.getLength(),
                reinterpret_cast<Byte*>(endpoint.data()));
    return Endpoint{endpoint.address().to_string(), endpoint.port()};
}

Result<std::shared_ptr<UdpPorts>> UdpPorts::open(asio::io_context& owner, Endpoint const& listen,
                                                 DatagramFate fate) {
    error_code bad;
    auto const address = asio::ip::make_address(listen.ip, bad);
    if (bad) return fail(Fault::config, "not an IP address: " + listen.ip);
    auto ports = std::make_shared<UdpPorts>();
    ports->fate_ = std::move(fate);
    if (auto ok = ports->bind(owner, {address, listen.port}); !ok) return fail(ok.error());
    if (address.is_v6() && address.is_unspecified()) {
        auto const port = ports->v6_->bound.getPort();
        if (auto ok = ports->bind(owner, {asio::ip::address_v4::any(), port}); !ok)
            return fail(ok.error());
    }
    return ports;
}

Result<void> UdpPorts::bind(asio::io_context& owner, asio::ip::udp::endpoint const& where) {
    error_code bad;
    asio::ip::udp::socket socket(owner);
    auto const failed = [&] {
        auto const text = Endpoint{where.address().to_string(), where.port()}.to_string();
        return fail(Fault::config, "cannot listen for the DHT on " + text + ": " + bad.message());
    };
    socket.open(where.protocol(), bad);
    if (bad) return failed();
    if (where.address().is_v6()) socket.set_option(asio::ip::v6_only(true), bad);
    if (bad) return failed();
    socket.bind(where, bad);
    if (bad) return failed();
    socket.non_blocking(true, bad);
    if (bad) return failed();
    error_code ignored;  // a smaller buffer serves too
    socket.set_option(asio::socket_base::receive_buffer_size(receive_buffer_bytes), ignored);
    auto const local = socket.local_endpoint(bad);
    if (bad) return failed();
    auto& place = where.address().is_v6() ? v6_ : v4_;
    place.emplace(Port{std::move(socket), sock_addr_of(local)});
    return {};
}

void UdpPorts::start(Receive receive) {
    receive_ = std::move(receive);
    if (v4_) listen(*v4_);
    if (v6_) listen(*v6_);
}

void UdpPorts::close() {
    error_code ignored;
    if (v4_) v4_->socket.close(ignored);
    if (v6_) v6_->socket.close(ignored);
    receive_ = nullptr;
}

void UdpPorts::listen(Port& port) {
    port.socket.async_wait(asio::ip::udp::socket::wait_read,
                           [self = shared_from_this(), &port](error_code ended) {
                               if (ended == asio::error::operation_aborted || !self->receive_)
                                   return;
                               self->drain(port);
                               if (port.socket.is_open()) self->listen(port);
                           });
}

void UdpPorts::drain(Port& port) {
    for (int i = 0; i < batch_max && receive_; ++i) {
        asio::ip::udp::endpoint from;
        error_code bad;
        auto const size = port.socket.receive_from(asio::buffer(buffer_), from, 0, bad);
        if (bad) return;  // nothing more for now, or an ICMP error of an earlier datagram
        receive_(ByteSpan(buffer_.data(), size), sock_addr_of(from));
    }
}

int UdpPorts::send(::dht::SockAddr const& to, ByteSpan datagram) {
    if (!fate_) return send_now(to, datagram);
    auto const from = to_endpoint(bound(to.getFamily()));
    auto const peer = to_endpoint(to);
    if (!from || !peer) return EAFNOSUPPORT;
    auto const delay = fate_(*from, *peer, datagram);
    if (!delay) return 0;  // lost on the way: the sender does not learn of it
    if (*delay == std::chrono::microseconds::zero()) return send_now(to, datagram);
    send_later(to, datagram, *delay);
    return 0;
}

void UdpPorts::send_later(::dht::SockAddr const& to, ByteSpan datagram,
                          std::chrono::microseconds delay) {
    auto& port = to.getFamily() == AF_INET6 ? v6_ : v4_;
    if (!port) return;
    auto const timer = std::make_shared<asio::steady_timer>(port->socket.get_executor(), delay);
    timer->async_wait([self = shared_from_this(), timer, to,
                       copy = Bytes(datagram.begin(), datagram.end())](error_code cancelled) {
        if (!cancelled) self->send_now(to, copy);
    });
}

int UdpPorts::send_now(::dht::SockAddr const& to, ByteSpan datagram) {
    auto& port = to.getFamily() == AF_INET6 ? v6_ : v4_;
    if (!port || !port->socket.is_open()) return EAFNOSUPPORT;
    auto const sent = ::sendto(port->socket.native_handle(), datagram.data(), datagram.size(), 0,
                               to.get(), to.getLength());
    return sent < 0 ? errno : 0;
}

bool UdpPorts::has(sa_family_t family) const {
    return family == AF_INET6 ? v6_.has_value() : v4_.has_value();
}

::dht::SockAddr const& UdpPorts::bound(sa_family_t family) const {
    if (family == AF_INET6) return v6_ ? v6_->bound : none_;
    if (family == AF_INET) return v4_ ? v4_->bound : none_;
    return v4_ ? v4_->bound : v6_ ? v6_->bound : none_;
}

int OpendhtSocket::sendTo(::dht::SockAddr const& to, std::uint8_t const* data, std::size_t size,
                          bool /*replied*/) {
    return ports_->send(to, ByteSpan(data, size));
}

}  // namespace satchel::location
