// Connections to other nodes: dialled by the endpoint rule, each pinned to its node's key, kept for
// the next request and closed when nobody wants them. Owner's thread.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "src/base/asio.h"
#include "src/base/result.h"
#include "src/core/endpoint.h"
#include "src/core/keys.h"
#include "transfer/control_limits.h"
#include "transfer/endpoint_rule.h"
#include "transfer/relay_message.h"

namespace satchel::transfer {

class TlsChannel;
class TlsIdentity;

/// A gateway, and the token of a meeting that it has called the other node to.
struct MeetingPlace {
    std::vector<Endpoint> endpoints;
    RelayToken token;
};

/// Whom to ask, and where they may be. Endpoints are tried in order.
struct Peer {
    NodeKey key;
    std::vector<Endpoint> endpoints;
    bool own = false;  ///< one of our own nodes: it may see our user key
    /// For a node that has no endpoint: asked for each connection.
    std::function<asio::awaitable<Result<MeetingPlace>>()> meet{};
};

class PeerConnections {
public:
    /// `identity` must outlive this and all leases.
    PeerConnections(asio::io_context& owner, TlsIdentity& identity, EndpointRule rule,
                    ClientLimits const& limits);
    ~PeerConnections();

    /// Bulk ones are fewer, so that a ping gets through while blobs are on their way.
    enum class Use { request, bulk };
    enum class Origin { any, fresh };

    /// The right to one connection. Unless kept it is closed at the end.
    class Lease {
    public:
        Lease();
        Lease(Lease&&) noexcept;
        Lease& operator=(Lease&& other) noexcept;
        ~Lease();

        std::shared_ptr<TlsChannel> const& channel() const;

        /// It was used before: the other side may have closed it just now.
        bool is_reused() const;

        /// The conversation is at a clean end: others may use the connection.
        void keep();

    private:
        friend class PeerConnections;
        struct Parts;

        explicit Lease(std::unique_ptr<Parts> parts);

        std::unique_ptr<Parts> parts_;
    };

    /// Fault::untrusted: another key answered (it was sent nothing). Fault::refused: no endpoint
    /// may be dialled. Fault::unavailable, Fault::timed_out: nobody answered.
    asio::awaitable<Result<Lease>> acquire(Peer peer, Use use, Origin origin = Origin::any);

    /// Waits at a gateway until the other side is there: a connection without TLS as yet.
    asio::awaitable<Result<asio::ip::tcp::socket>> meet(MeetingPlace place, RelaySide side);

    /// For dials from now on.
    void use_rule(EndpointRule rule);

    /// Closes all; leases that are out fail at their next step.
    void stop();

private:
    struct State;

    std::shared_ptr<State> state_;
};

}  // namespace satchel::transfer
