// Brings a blob to one recipient's storage: signs an offer for each of their nodes that answers, in
// order, until one has signed a receipt.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "dht/notice_board.h"
#include "src/base/clock.h"
#include "src/base/event_log.h"
#include "src/base/randomness.h"
#include "src/core/identity.h"
#include "src/core/lookup_report.h"
#include "src/core/receipt_book.h"
#include "src/node/escrow_vault.h"
#include "src/node/gateway_finder.h"
#include "src/node/open_lines.h"
#include "src/node/publisher.h"
#include "src/node/storage_host.h"
#include "src/node/swarm_station.h"
#include "src/node/transfer_board.h"
#include "src/node/turns.h"
#include "transfer/async_event.h"
#include "transfer/control_client.h"
#include "transfer/control_server.h"
#include "transfer/delivery.h"
#include "transfer/route.h"
#include "transfer/swarm_delivery.h"

namespace satchel::node {

/// Bytes that went to a node before their name: the offer that follows has the id of their draft.
struct SentAhead {
    NodeKey node;
    OfferId offer;
    bool moved = false;  ///< some have gone: a connection that breaks is worth another try
    bool whole = false;  ///< all of it is on that node's disk, or may be
    Turns::Turn turn{};  ///< at that node
};

/// For whom, and from whom.
struct CarryOrder {
    Address recipient;                                 ///< whose storage the record is
    std::string sender;                                ///< normal form, "" for none
    Bytes grant;                                       ///< age header for the recipient
    Bytes label;                                       ///< small age file for the recipient
    std::function<void(std::uint64_t done)> progress;  ///< bytes; may be empty
    std::optional<GatewayPlace> gateway{};             ///< holds the lines of pull-only nodes
    Bytes record{};            ///< encoded storage record that names the nodes: for the receipt
    std::string name{};        ///< of the file: for whoever lists receipts
    std::string message_id{};  ///< likewise; "" where there is no message
    bool is_copy = false;      ///< between nodes of one user: no receipt that anybody asks for
    std::optional<SentAhead> ahead{};
    bool by_swarm = false;  ///< the offer says where this node's swarm is
    /// The node has let it in before: where it can't be reached just now it is worth waiting for.
    bool let_in = false;
    /// Bytes go ahead of a name that an earlier process knew: it may have told the node.
    bool was_named = false;
    /// Part of the blob went ahead from memory: writes all of it to a file, should bytes be wanted.
    std::function<asio::awaitable<Result<std::shared_ptr<UniqueFd>>>()> complete{};
};

/// One of several recipients who get a blob together.
struct SharedCarry {
    CarryOrder order;
    NodeReport node;
    transfer::AsyncEvent settled;  ///< then what follows is final, whatever the others do
    std::optional<Offer> offer{};  ///< what was let in, where the direct route has to go on
    std::uint64_t number = 0;      ///< of the transfer, for whoever watches
    std::optional<transfer::Delivered> delivered{};
};

/// Owner's thread; all references must outlive it.
class BlobCarrier {
public:
    struct World {
        asio::io_context& owner;
        transfer::ControlClient& client;
        transfer::ControlServer const& server;
        WorkerPool& workers;
        OutgoingOffers& outgoing;
        Publisher const& publisher;
        GatewayFinder& finder;
        location::NoticeBoard& board;
        OpenLines& lines;  ///< that end here
        ReceiptBook& receipts;
        TransferBoard& transfers;
        std::vector<Endpoint> const& endpoints;  ///< where a receiver can come for a blob
        SwarmStation* swarm;                     ///< null: this node takes part in none
        bool hidden;                             ///< this node can't be dialled, or won't
        Identity const& identity;
        Clock const& clock;
        Randomness& randomness;
        EventLog const& log;
    };

    explicit BlobCarrier(World world);

    /// The receipt is on disk then. The failure is that of the node asked last.
    asio::awaitable<Result<transfer::Delivered>> carry(CarriedBlob blob, CarryOrder order,
                                                       std::vector<NodeReport> nodes);

    /// Sends what there is of a blob while the rest is being encrypted, to the node that carry()
    /// asks first. Grant and label need not be there yet, the draft's id is the caller's choice.
    /// None where nothing could be sent.
    asio::awaitable<std::optional<SentAhead>> send_ahead(
        std::shared_ptr<transfer::GrowingBlob> blob, OfferId draft, CarryOrder order,
        std::vector<NodeReport> nodes);

    /// Of a blob for so many receivers who may share it, before anything is known of them.
    transfer::RouteFacts facts_for(std::uint64_t blob_bytes, std::size_t receivers) const;

    bool can_swarm() const { return world_.swarm != nullptr && !world_.swarm->endpoints().empty(); }

    /// To all of them at once, who help each other. What comes through, and what the direct route
    /// can go on with, is told in each as soon as it is settled; returns when all are.
    asio::awaitable<void> carry_together(CarriedBlob blob, std::deque<SharedCarry>& shares);

    /// By the direct route, with an offer that was made before.
    asio::awaitable<Result<transfer::Delivered>> carry_on(CarriedBlob blob,
                                                          SharedCarry const& share);

    /// An offer to one node, signed: by the user where the sender is bound to this home, else by
    /// this node, as a gateway that its domain may vouch for.
    Offer make_offer(CarriedBlob const& blob, CarryOrder const& order, NodeKey const& node) const;

    /// Bytes of blobs that left by any route, also to whoever came for them.
    std::uint64_t sent_bytes() const;

    SwarmStation const* swarm() const { return world_.swarm; }

private:
    /// One transfer to whoever watches, whatever it takes.
    asio::awaitable<Result<transfer::Delivered>> carry_or_complete(CarriedBlob blob,
                                                                   CarryOrder order,
                                                                   std::vector<NodeReport> nodes);
    asio::awaitable<Result<transfer::Delivered>> carry_to_first(CarriedBlob blob, CarryOrder order,
                                                                std::vector<NodeReport> nodes);
    Offer signed_here(Offer draft) const;
    std::optional<Offer> renewed(Offer offer) const;
    /// Begun on the board; the order's progress is told there, too.
    std::uint64_t show(CarriedBlob const& blob, CarryOrder& order);
    void show_end(std::uint64_t number, Result<transfer::Delivered> const& delivered);
    asio::awaitable<Result<transfer::Delivered>> bring(CarriedBlob blob, Offer offer,
                                                       CarryOrder order, NodeReport node);
    asio::awaitable<Result<transfer::Delivered>> push(CarriedBlob blob, Offer offer,
                                                      CarryOrder order, NodeReport node);
    /// Has the node come for it: within `patience`, and then as long as it is heard of.
    asio::awaitable<Result<transfer::Delivered>> call(CarriedBlob blob, Offer offer,
                                                      CarryOrder order, NodeReport node,
                                                      std::chrono::seconds patience);
    asio::awaitable<Result<transfer::MeetingPlace>> call_to_meeting(GatewayPlace gateway,
                                                                    NodeKey node);
    /// The receipt is kept before anybody hears of it.
    asio::awaitable<void> settle_share(CarriedBlob blob, SharedCarry& share,
                                       Result<transfer::Delivered> result);
    asio::awaitable<void> settle(CarriedBlob blob, Offer offer, CarryOrder order,
                                 transfer::Delivered delivered);
    /// What was delivered is delivered, also where its receipt can't be kept.
    asio::awaitable<void> keep(Receipt receipt, Offer offer, CarryOrder order, std::string route);
    asio::awaitable<void> tell(PullNotice notice, NodeReport node,
                               std::optional<GatewayPlace> gateway);

    World world_;
    Turns turns_;  ///< of blobs that are pushed
};

}  // namespace satchel::node
