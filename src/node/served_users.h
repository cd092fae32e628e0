// Whom this node stores for: the addresses of its home, and those whose records name it
// (node.serves), for which it needs no key.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "dht/address_resolver.h"
#include "dht/wake_up.h"
#include "src/base/event_log.h"
#include "src/core/identity.h"
#include "src/node/publisher.h"
#include "src/node/trust_view.h"
#include "transfer/control_host.h"

namespace satchel::node {

/// Owner's thread; all references must outlive it.
class ServedUsers {
public:
    struct World {
        asio::io_context& owner;
        Identity const& identity;
        TrustSource const& trust;
        EventLog const& log;
    };

    ServedUsers(World world, std::vector<Address> const& others);

    std::optional<Address> served(AddressTag const& tag) const;
    std::vector<Address> addresses() const;

    /// One of the user's own nodes or devices.
    bool owns(transfer::Caller const& caller, AddressTag const& recipient) const;

    /// Looks at the records of the others, now and again, and takes the presence secret from them.
    void start(location::AddressResolver& resolver, Publisher& publisher);
    void stop();

private:
    struct User {
        Address address;
        bool own = false;
        std::optional<UserKey> key{};
        std::set<NodeKey> nodes{};
    };

    asio::awaitable<void> look_regularly(location::AddressResolver& resolver, Publisher& publisher);
    asio::awaitable<bool> look(location::AddressResolver& resolver, Publisher& publisher,
                               Address address);

    World world_;
    bool is_published_node(Address const& address, NodeKey const& node) const;

    std::map<AddressTag, User> users_;
    Publisher const* publisher_ = nullptr;  ///< knows the other nodes of this home's own users
    location::WakeUp wake_;
    bool stopped_ = false;
};

}  // namespace satchel::node
