// What a depositor knows of one deposit under way. Private to it.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>

#include "src/node/depositor.h"
#include "src/node/swarm_gathering.h"
#include "transfer/async_event.h"

namespace satchel::node {

/// What went to a recipient's storage before the blob had a name.
struct DepositAhead {
    explicit DepositAhead(asio::any_io_executor const& executor)
        : ended(executor) {}

    std::optional<SentAhead> sent;
    transfer::AsyncEvent ended;
};

struct DepositJob {
    DepositRequest request;
    TrustView trust;
    DepositProgress progress;
    UniqueFd file;                    ///< that the content stands in
    transfer::OutgoingBlob outgoing;  ///< once `encrypted`
    CarriedBlob blob;                 ///< the same, as others see it
    mailgw::Deposit deposit;
    std::size_t next = 0;                        ///< recipient to be served next
    std::size_t running = 0;                     ///< serving coroutines
    std::map<std::size_t, std::uint64_t> moved;  ///< bytes, by recipient
    std::uint64_t told = 0;                      ///< bytes, by the last word on progress
    std::map<std::size_t, EscrowItem> away;      ///< to be kept, by recipient: also until there are
                                                 ///< enough copies
    std::map<std::size_t, EscrowItem> under_way;  ///< what could be kept of those being served
    std::size_t served = 0;                       ///< recipients
    std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
    std::optional<std::chrono::steady_clock::time_point> encrypted_at{};
    std::optional<std::chrono::steady_clock::time_point> first_stored{};
    bool answered = false;                         ///< who is still served now is escrow's
    std::map<std::size_t, std::string> tickets{};  ///< of escrow, by recipient: once `kept`
    asio::steady_timer changed;
    Status made;  ///< the blob, or why not: once `encrypted`
    transfer::AsyncEvent encrypted;
    bool completing = false;  ///< what went out from memory is being written to the file
    Status complete;          ///< or why not: once `completed`
    transfer::AsyncEvent completed;
    transfer::AsyncEvent kept;                       ///< in escrow, or it could not be
    std::shared_ptr<transfer::GrowingBlob> growing;  ///< where it may be sent meanwhile
    Errand errand{};
    OfferId offer{};  ///< of a sole recipient, also when the errand is taken up again
    std::optional<transfer::BlobDraft> draft{};  ///< where it may be gone on with after a kill
    bool unfinished = false;                     ///< one is kept, and is to be ended
    bool was_named = false;                      ///< an earlier process knew the draft's name
    std::shared_ptr<SwarmGathering> gathering{};
    DepositSettled settled{};
};

}  // namespace satchel::node
