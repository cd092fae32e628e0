// Sees to it that what is stored here lies on as many of its user's nodes as their record asks for
// (`node.min_copies`): offers it to those that have not signed for it, until enough have.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "dht/address_resolver.h"
#include "dht/wake_up.h"
#include "src/base/event_log.h"
#include "src/core/identity.h"
#include "src/node/blob_carrier.h"
#include "src/node/copy_index.h"
#include "src/node/publisher.h"
#include "src/node/served_users.h"
#include "src/node/trust_view.h"
#include "transfer/blob_store.h"
#include "transfer/control_client.h"

namespace satchel::node {

/// Owner's thread; all references must outlive it.
class CopyKeeper {
public:
    struct World {
        asio::io_context& owner;
        WorkerPool& workers;
        transfer::BlobStore& store;
        transfer::ControlClient& client;
        location::AddressResolver& resolver;
        TrustSource const& trust;
        ServedUsers const& users;
        Publisher const& publisher;
        BlobCarrier& carrier;
        Identity const& identity;
        EventLog const& log;
    };

    /// Opens or makes the file. Blocks.
    static Result<std::unique_ptr<CopyKeeper>> open(std::filesystem::path const& file, World world);

    void start();
    void stop();

    /// A blob has been stored here.
    void blob_arrived(Offer const& offer);

    /// Which nodes hold copies. Safe from any thread.
    CopyIndex& index() { return index_; }

    /// One of a user's own nodes calls: it may lack something.
    void note_presence(transfer::Caller const& caller);

private:
    struct User {
        std::uint64_t wanted = 0;  ///< copies, as last seen; 0: not seen yet
        std::uint64_t tries = 0;   ///< in vain, one after the other
        std::chrono::steady_clock::time_point next{};
        bool looked_at = false;  ///< its nodes know that this one is up
        bool again = false;      ///< something came while it was being looked at
    };

    /// One blob that is held for a user, and who else is known to hold it.
    struct Held {
        transfer::HeldBlob blob;
        transfer::Holding holding;
        std::set<NodeKey> copies;
    };

    CopyKeeper(CopyIndex index, World world)
        : world_(world)
        , index_(std::move(index))
        , wake_(world.owner.get_executor()) {}

    asio::awaitable<void> watch();
    static void plan_next(User& user, bool enough);
    void hurry(Address const& address);
    bool may_want_copies(Address const& address) const;
    /// True: enough copies of all, as far as this node can see to it.
    asio::awaitable<bool> look(Address address);
    asio::awaitable<LookupReport> resolve(Address address);
    /// So that others that lack nothing bring what this one lacks.
    asio::awaitable<void> say_hello(LookupReport const& report);
    asio::awaitable<Result<std::vector<Held>>> lacking(Address address, LookupReport const& report);
    Result<std::vector<Held>> find_lacking(AddressTag const& user, std::set<NodeKey> const& nodes,
                                           std::uint64_t wanted);
    asio::awaitable<Status> copy(Address address, Held held, LookupReport const& report);

    World world_;
    CopyIndex index_;
    location::WakeUp wake_;
    std::map<Address, User> users_;
    bool stopped_ = false;
};

}  // namespace satchel::node
