#include "src/node/whereabouts.h"

#include <array>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "src/base/unique_fd.h"
#include "src/node/advertised_endpoints.h"

namespace satchel::node {

namespace {

using namespace std::chrono_literals;

constexpr auto regular_pause = 60s;    // what the neighbours see is not announced
constexpr auto settling_pause = 50ms;  // a change comes in several notices

/// A socket on which the kernel tells of addresses. Closed where the system has no such thing.
UniqueFd address_notices() {
    UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    sockaddr_nl group{};
    group.nl_family = AF_NETLINK;
    group.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
    if (fd.get() < 0 || ::bind(fd.get(), reinterpret_cast<sockaddr const*>(&group), sizeof group))
        return {};
    return fd;
}

}  // namespace

transfer::EndpointRule dialling_rule(NodeSettings const& settings, Endpoint const& listening) {
    transfer::EndpointRule rule;
    if (auto subnets = transfer::own_subnets()) rule.own_subnets = std::move(*subnets);
    rule.listens_on_loopback = listening.is_loopback();
    rule.allow_private = settings.allow_private_endpoints;
    return rule;
}

Whereabouts::Whereabouts(World world)
    : world_(std::move(world))
    , kernel_(world_.owner)
    , wake_(world_.owner.get_executor()) {}

Status Whereabouts::start(std::function<void()> looked) {
    if (auto found = look(); !found) return found;
    looked_ = std::move(looked);
    if (UniqueFd notices = address_notices(); notices.get() >= 0) {
        kernel_.assign(notices.release());
        asio::co_spawn(world_.owner, listen_to_kernel(), asio::detached);
    }
    asio::co_spawn(world_.owner, look_regularly(), asio::detached);
    return {};
}

void Whereabouts::stop() {
    stopped_ = true;
    boost::system::error_code ignored;
    kernel_.close(ignored);
    wake_.notify();
}

Status Whereabouts::look() {
    auto now = advertised_endpoints(world_.listening, world_.advertise, world_.seen_ips());
    if (!now) return fail(now.error());
    endpoints_ = std::move(*now);
    if (looked_) looked_();
    return {};
}

asio::awaitable<void> Whereabouts::listen_to_kernel() {
    std::array<char, 8192> notice{};
    boost::system::error_code failed;
    while (!failed) {
        // What it says is not parsed: the interfaces are asked anew.
        co_await kernel_.async_read_some(asio::buffer(notice),
                                         asio::redirect_error(asio::use_awaitable, failed));
        if (failed == boost::system::errc::no_buffer_space) failed = {};  // too many at once
        wake_.notify();
    }
}

asio::awaitable<void> Whereabouts::look_regularly() {
    while (!stopped_) {
        co_await wake_.wait_for(regular_pause);
        asio::steady_timer settling(world_.owner, settling_pause);
        boost::system::error_code ignored;
        if (!stopped_)
            co_await settling.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        if (!stopped_) static_cast<void>(look());  // the setting was good at the start
    }
}

}  // namespace satchel::node
