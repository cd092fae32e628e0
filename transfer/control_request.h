// What a caller asks for: the paths of DESIGN section 5, read strictly from a request head. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "src/core/content_id.h"
#include "src/core/offer.h"
#include "transfer/control_message.h"
#include "transfer/http_head.h"

namespace satchel::transfer {

struct AskPing {};

struct PostOffer {
    std::size_t body_bytes = 0;
};

struct AskOffer {
    OfferId id;
};

struct PutBlob {
    ContentId id;
    ContentRange range;  ///< the whole where the request named none
    bool masked = false;
};

struct AskBlob {
    ContentId id;
    bool head_only = false;
    std::string range;  ///< "" for the whole; read once the size is known
    bool masked = false;
};

struct PutLayer {
    ContentId id;
    std::size_t body_bytes = 0;
};

struct AskLayer {
    ContentId id;
};

/// An invitation to get the blob together with others.
struct PutSwarm {
    ContentId id;
    std::size_t body_bytes = 0;
};

/// How far is it in its swarm?
struct AskSwarm {
    ContentId id;
};

struct AskReceipt {
    OfferId offer;
};

/// A receipt for an offer of ours, from a node that came for the blob itself.
struct PutReceipt {
    OfferId offer;
    std::size_t body_bytes = 0;
};

struct PostEnroll {
    std::size_t body_bytes = 0;
};

struct PostReach {
    std::size_t body_bytes = 0;
};

struct PutRecords {
    std::size_t body_bytes = 0;
};

/// The caller cannot be dialled: it waits here for orders.
struct HoldLine {};

/// Does that node hold its line?
struct PingLine {
    NodeKey node;
};

/// "Tell that node to come": a pull notice for who holds a line.
struct PostOrder {
    NodeKey node;
    std::size_t body_bytes = 0;
};

/// "Let me meet that node here": for who can't be dialled, and wants one that can't be either.
struct PostRelay {
    NodeKey node;
};

struct AskWaiting {
    std::optional<ContentId> id;  ///< of this blob alone
};

/// What is held for the caller's user, in the order of the ids.
struct AskHoldings {
    std::optional<ContentId> after;  ///< those that come after this one
};

/// A Refusal where the head asks for nothing that exists.
using ControlRequest =
    std::variant<Refusal, AskPing, PostOffer, AskOffer, PutBlob, AskBlob, PutLayer, AskLayer,
                 AskReceipt, PutReceipt, PostEnroll, PutRecords, PostReach, HoldLine, PingLine,
                 PostOrder, PostRelay, AskWaiting, AskHoldings, PutSwarm, AskSwarm>;

ControlRequest read_request(RequestHead const& head);

/// Paths, as the client writes them.
std::string offer_path(OfferId const& id);
std::string blob_path(ContentId const& id);
std::string layer_path(ContentId const& id);
std::string swarm_path(ContentId const& id);
std::string receipt_path(OfferId const& offer);
inline constexpr char const* ping_path = "/v1/ping";
inline constexpr char const* offers_path = "/v1/offers";
inline constexpr char const* waiting_path = "/v1/waiting";
inline constexpr char const* holdings_path = "/v1/holdings";
std::string line_path(NodeKey const& node);
std::string relay_path(NodeKey const& node);
inline constexpr char const* line_path_of_caller = "/v1/line";
inline constexpr char const* enroll_path = "/v1/enroll";
inline constexpr char const* reach_path = "/v1/reach";
inline constexpr char const* records_path = "/v1/records";

}  // namespace satchel::transfer
