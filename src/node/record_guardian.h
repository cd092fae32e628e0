// Keeps the records of its domains' users alive while their nodes are off (`PUT /v1/records`), byte
// for byte, and says again what the domains have revoked.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "dht/record_keeper.h"
#include "src/base/clock.h"
#include "src/base/worker_pool.h"
#include "src/core/binding_book.h"
#include "src/core/identity.h"
#include "src/node/kept_records.h"
#include "src/node/trust_view.h"
#include "transfer/control_host.h"

namespace satchel::node {

/// Owner's thread; all references must outlive it.
class RecordGuardian {
public:
    struct World {
        asio::io_context& owner;
        WorkerPool& workers;
        location::RecordKeeper& keeper;
        TrustSource const& trust;
        Identity const& identity;
        Home const& home;
        Clock const& clock;
        EventLog const& log;
    };

    /// Blocks on the disk.
    static Result<std::unique_ptr<RecordGuardian>> open(World world);

    /// Begins to put what is kept, and what is revoked, a few records a second.
    void start();
    void stop();

    /// As transfer::ControlHost::keep_records.
    asio::awaitable<Status> take(transfer::Caller caller, transfer::RecordsToKeep offered);

    /// Whether it is a node that a user of ours has named, and that has been here lately.
    bool keeps_presence_of(NodeKey const& node) const;

    struct Withdrawal {
        Revocation revocation;
        bool placed = false;  ///< a node has taken it; if not, it is put again and again
    };

    /// Takes back the slot of an address with the domain key in this home, puts that at once and
    /// keeps it alive while an older binding would count. Fault::not_found: no key of that domain.
    asio::awaitable<Result<Withdrawal>> revoke(Address address);

private:
    /// What a revocation is signed with, and what was signed last.
    struct Revoked {
        Revocation revocation;
        SigningKey key;
        DhtKey place;
        std::optional<RecordEnvelope> last{};
    };

    RecordGuardian(World world, KeptRecords records, BindingBook book)
        : world_(world)
        , records_(std::move(records))
        , book_(std::move(book))
        , timer_(world.owner) {}

    asio::awaitable<void> watch();
    asio::awaitable<Status> watch_once();
    void keep_alive(RecordEnvelope record);
    void keep_revoked(std::shared_ptr<Revoked> const& revoked);
    Result<RecordEnvelope> sign(Revoked& revoked) const;
    /// Blocks. None: the domain's key is not here.
    std::shared_ptr<Revoked> prepare(Revocation const& revocation) const;
    asio::awaitable<bool> speaks_for(std::string domain);
    asio::awaitable<Status> judge(transfer::Caller caller, Address address, RecordEnvelope record);

    World world_;
    KeptRecords records_;
    std::mutex book_guard_;
    BindingBook book_;
    asio::steady_timer timer_;
    std::map<location::RecordPlace, std::uint64_t> alive_;  ///< when it expires, Unix seconds
    std::map<location::RecordPlace, std::shared_ptr<Revoked>> revoked_;
    std::size_t under_way_ = 0;
    bool stopped_ = false;
};

}  // namespace satchel::node
