// Keeps blobs durably for storages that are away, looks for those storages, and brings everything
// once they are back, to as many of a recipient's nodes as their record asks for. Receipts are kept
// until whoever asked for the escrow has taken them.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dht/address_resolver.h"
#include "mailgw/escrow_depot.h"
#include "src/base/event_log.h"
#include "src/node/blob_carrier.h"
#include "src/node/escrow_vault.h"
#include "src/node/trust_view.h"

namespace satchel::node {

/// Owner's thread; all references must outlive it.
class Escrow {
public:
    struct World {
        asio::io_context& owner;
        WorkerPool& workers;
        location::AddressResolver& resolver;
        TrustSource const& trust;
        BlobCarrier& carrier;
        Clock const& clock;
        Randomness& randomness;
        EventLog const& log;
    };

    /// Opens or makes the folder. Blocks.
    static Result<std::unique_ptr<Escrow>> open(std::filesystem::path const& folder,
                                                std::uint64_t quota_bytes, World world);

    /// Begins to look for the storages of what waits.
    void start();
    void stop();

    /// Keeps one blob for all `items` (tickets are made here) and gives them back with tickets: it
    /// is on disk then. Fault::no_space: the quota, or the disk.
    asio::awaitable<Result<std::vector<EscrowItem>>> keep(CarriedBlob blob,
                                                          std::vector<EscrowItem> items);

    asio::awaitable<Result<std::vector<mailgw::EscrowReport>>> look(
        std::vector<std::string> tickets);
    /// Looks at the storages of these tickets now.
    void hurry(std::vector<std::string> const& tickets);
    asio::awaitable<Status> release(std::vector<std::string> tickets);
    /// What was kept as `in_hand` has arrived, or it is now for escrow to bring.
    asio::awaitable<void> hand_over(std::string ticket, Result<EscrowCopy> arrived);

    /// A node calls: whatever waits for its user is brought now. Gives offers of it.
    asio::awaitable<std::vector<Offer>> waiting_for(transfer::Caller caller,
                                                    std::optional<ContentId> id);
    /// A node shows that it is there, once more: what waits for its user is tried soon.
    void note_presence(transfer::Caller const& caller);
    /// What is kept for the caller's user. Fault::not_found for everybody else.
    asio::awaitable<Result<transfer::OutgoingContent>> open_for(transfer::Caller caller,
                                                                ContentId id);

    /// What waits for one recipient, and why.
    struct Waiting {
        Address recipient;
        std::uint64_t blobs = 0;
        std::uint64_t bytes = 0;
        std::string reason;
        std::uint64_t tries = 0;
        std::uint64_t next_try = 0;  ///< Unix seconds
        std::uint64_t since = 0;     ///< Unix seconds
    };

    std::vector<Waiting> waiting() const;
    std::size_t waiting_tickets() const;
    std::uint64_t waiting_bytes() const;

    /// What is here, by state.
    struct Census {
        std::uint64_t waiting = 0;       ///< tickets of which nothing has arrived
        std::uint64_t lacks_copies = 0;  ///< tickets that arrived at too few nodes
        std::uint64_t bytes = 0;         ///< each ticket's
        std::uint64_t recipients = 0;
        std::uint64_t oldest =
            0;  ///< Unix seconds since when the first of them waits; 0: none does
    };

    Census census() const;

private:
    /// What is known of one recipient with something waiting.
    struct Recipient {
        std::set<std::string> tickets;
        std::string reason = "not looked at yet";
        std::uint64_t tries = 0;
        std::uint64_t next_try = 0;  ///< Unix seconds
        std::uint64_t last_try = 0;  ///< Unix seconds
        std::uint64_t since = 0;     ///< when it began to wait
        bool visited = false;        ///< right now
        bool again = false;          ///< hurried during a visit
    };

    Escrow(std::unique_ptr<EscrowVault> vault, World world)
        : world_(world)
        , vault_(std::move(vault))
        , timer_(world.owner) {}

    void take_in(EscrowItem const& item);
    void forget(std::string const& ticket);
    void hurry_recipient(Address const& address);
    asio::awaitable<void> watch();
    asio::awaitable<void> end_unasked();
    asio::awaitable<void> give_up_copies();
    asio::awaitable<void> visit(Address address);
    asio::awaitable<Status> bring_all(Address address, LookupReport report);
    asio::awaitable<Status> bring(EscrowItem item, LookupReport const& report);
    asio::awaitable<Status> note_copy(std::string ticket, EscrowCopy copy);
    void plan_next_visit(Recipient& recipient);
    bool may_have(transfer::Caller const& caller, EscrowItem const& item) const;

    World world_;
    std::unique_ptr<EscrowVault> vault_;
    asio::steady_timer timer_;
    /// All that needs more, without grants and labels.
    std::map<std::string, EscrowItem> waiting_;
    /// When somebody last asked about what waits, Unix seconds.
    std::map<std::string, std::uint64_t> asked_;
    std::map<Address, Recipient> recipients_;
    std::size_t visits_ = 0;
    bool stopped_ = false;
};

}  // namespace satchel::node
