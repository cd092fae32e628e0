// Tells the control server about this node: what it accepts, for whom, whom it believes, what it is
// sending.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "src/base/event_log.h"
#include "src/base/worker_pool.h"
#include "src/node/served_users.h"
#include "src/node/trust_view.h"
#include "transfer/blob_store.h"
#include "transfer/control_host.h"

namespace satchel::node {

class BlobCarrier;
class CopyKeeper;
class EnrolmentOffice;
class Escrow;
class OpenLines;
class ReachProbe;
class RecordGuardian;
class TransferBoard;

/// A receiver that comes for a blob itself.
struct PullVisit {
    /// When it asked for the offer, or took bytes: none, it has not come yet.
    std::optional<std::chrono::steady_clock::time_point> last_seen{};
    std::optional<Receipt> receipt{};
    std::function<void(std::uint64_t done)> progress{};  ///< bytes; may be empty
    std::function<void()> changed{};
};

/// What this node is delivering now. Owner's thread.
class OutgoingOffers {
public:
    struct Entry {
        Offer offer;
        std::shared_ptr<UniqueFd> file;
        std::uint64_t size = 0;
        Bytes layer;
        /// Where the receiver comes for it: what it has done so far.
        std::shared_ptr<PullVisit> visit{};
    };

    void add(Entry entry) { entries_.insert_or_assign(entry.offer.id, std::move(entry)); }

    void remove(OfferId const& id) { entries_.erase(id); }

    std::map<OfferId, Entry> const& all() const { return entries_; }

private:
    std::map<OfferId, Entry> entries_;
};

class StorageHost final : public transfer::ControlHost {
public:
    /// All references must outlive the host. `users` are those whose blobs are stored here.
    StorageHost(asio::io_context& owner, Config const& config, ServedUsers const& users,
                TrustSource const& trust, OutgoingOffers const& outgoing, EventLog const& log);

    void set_available(bool available) { available_ = available; }

    std::uint64_t received_bytes() const { return received_bytes_; }

    std::uint64_t received_blobs() const { return received_blobs_; }

    /// Offers turned away, by code.
    std::map<std::string, std::uint64_t> const& refusals() const { return refusals_; }

    bool available() const override { return available_; }

    AcceptPolicy accept_policy() const override { return policy_; }

    std::optional<Address> served(AddressTag const& tag) const override;
    asio::awaitable<transfer::DomainTrust> domain_trust(std::string domain) const override;
    std::optional<UserKey> contact_key(Address const& address) const override;
    bool owns(transfer::Caller const& caller, AddressTag const& recipient) const override;
    std::optional<Offer> outstanding(OfferId const& id) const override;
    std::vector<Offer> outstanding_for(NodeKey const& recipient) const override;
    Result<transfer::OutgoingContent> open_outgoing(ContentId const& id,
                                                    NodeKey const& to) const override;
    asio::awaitable<std::vector<Offer>> kept_for(transfer::Caller caller,
                                                 std::optional<ContentId> id) const override;
    asio::awaitable<Result<transfer::HoldingsPart>> held_after(
        transfer::Caller caller, std::optional<ContentId> after) const override;
    asio::awaitable<Result<transfer::OutgoingContent>> open_kept(transfer::Caller caller,
                                                                 ContentId id) const override;
    asio::awaitable<std::vector<PublicKey>> own_gateways() const override;
    void blob_arrived(Offer const& offer, transfer::Route route) override;
    void offer_refused(Offer const& offer, transfer::Refusal const& refusal) override;
    void blob_broken_off(Offer const& offer, std::uint64_t have, Error const& why) override;
    void store_troubled(Error const& why) override;

    transfer::SwarmRoom const* swarm_room() const override { return swarm_room_; }

    void swarm_peer_dropped(ContentId const& id, std::string const& ip,
                            std::string const& why) override;
    void swarm_ended(ContentId const& id, Error const& why) override;

    asio::awaitable<Result<transfer::EnrollAnswer>> enroll(
        transfer::Caller caller, transfer::EnrollRequest request) override;
    asio::awaitable<Status> receipt_arrived(transfer::Caller caller, OfferId id,
                                            Receipt receipt) override;
    asio::awaitable<transfer::LineAnswer> hold_line(transfer::Caller caller,
                                                    std::chrono::milliseconds patience) override;
    asio::awaitable<Status> ping_line(NodeKey node) override;
    asio::awaitable<Result<transfer::ReachAnswer>> try_reach(
        transfer::Caller caller, transfer::ReachRequest request) override;
    Status pass_order(NodeKey const& node, PullNotice const& notice) override;
    Status call_to_meeting(NodeKey const& node, transfer::RelayToken const& token) override;
    asio::awaitable<Status> keep_records(transfer::Caller caller,
                                         transfer::RecordsToKeep records) override;

    /// What this node does for a domain; null: nothing. Both must outlive the host.
    void serve_domain(EnrolmentOffice* office, RecordGuardian* guardian) {
        office_ = office;
        guardian_ = guardian;
    }

    /// What is held here can be asked for by its owners' other nodes. All must outlive the host.
    void show_holdings(transfer::BlobStore& store, WorkerPool& workers,
                       BlobCarrier const& carrier) {
        holdings_ = {&store, &workers, &carrier};
    }

    /// Dials nodes that ask whether they can be reached; null: nobody is dialled.
    void probe_for_others(ReachProbe* probe) { probe_ = probe; }

    /// Nodes that wait here for orders; null: none may. It must outlive the host.
    void open_lines(OpenLines* lines) { lines_ = lines; }

    /// Hears of what arrives, and of own nodes that call; null: nobody. It must outlive the host.
    void set_copy_keeper(CopyKeeper* copies) { copies_ = copies; }

    /// Where what comes is shown; null: nowhere. It must outlive the host.
    void show_transfers(TransferBoard* board) { board_ = board; }

    /// Null: no swarm. It must outlive the host.
    void set_swarm_room(transfer::SwarmRoom const* room) { swarm_room_ = room; }

    /// What is kept for others; null: nothing. It must outlive the host.
    void set_escrow(Escrow* escrow) { escrow_ = escrow; }

private:
    asio::io_context& owner_;
    ServedUsers const& users_;
    TrustSource const& trust_;
    OutgoingOffers const& outgoing_;
    EventLog const& log_;

    struct Holdings {
        transfer::BlobStore* store = nullptr;
        WorkerPool* workers = nullptr;
        BlobCarrier const* carrier = nullptr;
    };

    asio::awaitable<std::optional<Offer>> held_for(transfer::Caller caller, ContentId id) const;

    Holdings holdings_;
    Escrow* escrow_ = nullptr;
    CopyKeeper* copies_ = nullptr;
    OpenLines* lines_ = nullptr;
    TransferBoard* board_ = nullptr;
    transfer::SwarmRoom const* swarm_room_ = nullptr;
    ReachProbe* probe_ = nullptr;
    EnrolmentOffice* office_ = nullptr;
    RecordGuardian* guardian_ = nullptr;
    std::optional<PublicKey> incoming_gateway_;
    AcceptPolicy policy_;
    bool available_ = false;
    std::uint64_t received_bytes_ = 0;
    std::uint64_t received_blobs_ = 0;
    std::map<std::string, std::uint64_t> refusals_;  ///< codes are ours, hence few
};

}  // namespace satchel::node
