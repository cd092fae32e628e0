#include "transfer/control_request.h"

#include <algorithm>

#include "src/base/hex.h"
#include "src/core/limits.h"
#include "transfer/control_limits.h"
#include "transfer/swarm_invitation.h"

namespace satchel::transfer {
namespace {

constexpr std::string_view offers_folder = "/v1/offers/";
constexpr std::string_view blobs_folder = "/v1/blobs/";
constexpr std::string_view receipts_folder = "/v1/receipts/";
constexpr std::string_view layers_leaf = "/layers";
constexpr std::string_view swarm_leaf = "/swarm";
constexpr std::string_view relay_leaf = "/relay";
constexpr std::string_view lines_folder = "/v1/line/";

ControlRequest nothing_here() {
    return Refusal{404, "not-found", "nothing here"};
}

ControlRequest wrong_method() {
    return Refusal{405, "wrong-method", "another method is wanted here"};
}

bool reads(RequestHead const& head) {
    return head.method == Method::get;
}

/// The body's length where it is known and within bounds.
std::optional<Refusal> wrong_length(RequestHead const& head, std::uint64_t max) {
    if (!head.content_length) return Refusal{411, "no-length", "a Content-Length is wanted"};
    if (*head.content_length == 0) return Refusal{400, "bad-request", "the body is empty"};
    if (*head.content_length > max) return Refusal{413, "too-large", "the body is too long"};
    return std::nullopt;
}

ControlRequest read_blob_request(RequestHead const& head, ContentId const& id) {
    if (reads(head) || head.method == Method::head) {
        return AskBlob{id, head.method == Method::head, head.range, head.masked};
    }
    if (head.method != Method::put) return wrong_method();
    if (auto refusal = wrong_length(head, std::numeric_limits<std::uint64_t>::max())) {
        return *refusal;
    }
    std::uint64_t const length = *head.content_length;
    if (head.content_range.empty()) return PutBlob{id, {{0, length - 1}, length}, head.masked};
    auto const range = parse_content_range(head.content_range);
    if (!range) return Refusal{400, "bad-range", range.error().what};
    if (range->bytes() != length) {
        return Refusal{400, "bad-range", "Content-Range and Content-Length differ"};
    }
    return PutBlob{id, *range, head.masked};
}

ControlRequest read_layer_request(RequestHead const& head, ContentId const& id) {
    if (reads(head)) return AskLayer{id};
    if (head.method != Method::put) return wrong_method();
    if (auto refusal = wrong_length(head, control_limits::layer_bytes)) return *refusal;
    return PutLayer{id, static_cast<std::size_t>(*head.content_length)};
}

ControlRequest read_swarm_request(RequestHead const& head, ContentId const& id) {
    if (reads(head)) return AskSwarm{id};
    if (head.method != Method::put) return wrong_method();
    if (auto refusal = wrong_length(head, swarm_invitation_bytes)) return *refusal;
    return PutSwarm{id, static_cast<std::size_t>(*head.content_length)};
}

ControlRequest read_blobs_folder(RequestHead const& head, std::string_view name) {
    bool const layer = name.ends_with(layers_leaf);
    bool const swarm = name.ends_with(swarm_leaf);
    if (layer) name.remove_suffix(layers_leaf.size());
    if (swarm) name.remove_suffix(swarm_leaf.size());
    auto const id = ContentId::parse(name);
    if (!id) return nothing_here();
    if (swarm) return read_swarm_request(head, *id);
    return layer ? read_layer_request(head, *id) : read_blob_request(head, *id);
}

/// A path that may go on with a content id.
template <class Request>
ControlRequest read_ids(RequestHead const& head, std::string_view rest) {
    std::optional<ContentId> id;
    if (!rest.empty()) {
        auto const named = rest.front() == '/' ? ContentId::parse(rest.substr(1))
                                               : Result<ContentId>(fail(Fault::not_found, ""));
        if (!named) return nothing_here();
        id = *named;
    }
    return reads(head) ? ControlRequest(Request{id}) : wrong_method();
}

ControlRequest read_receipt_request(RequestHead const& head, std::string_view name) {
    auto const id = OfferId::parse(name);
    if (!id) return nothing_here();
    if (reads(head)) return AskReceipt{*id};
    if (head.method != Method::put) return wrong_method();
    if (auto refusal = wrong_length(head, limits::receipt_bytes)) return *refusal;
    return PutReceipt{*id, static_cast<std::size_t>(*head.content_length)};
}

ControlRequest read_line_of(RequestHead const& head, std::string_view name) {
    bool const relay = name.ends_with(relay_leaf);
    if (relay) name.remove_suffix(relay_leaf.size());
    NodeKey node;
    auto const bytes = from_hex(name);
    if (!bytes || bytes->size() != node.bytes.size()) return nothing_here();
    std::copy(bytes->begin(), bytes->end(), node.bytes.begin());
    if (!relay && reads(head)) return PingLine{node};
    if (head.method != Method::post) return wrong_method();
    if (relay && head.content_length.value_or(0) > 0)
        return Refusal{400, "bad-request", "a body where none belongs"};
    if (relay) return PostRelay{node};
    if (auto refusal = wrong_length(head, control_limits::order_bytes)) return *refusal;
    return PostOrder{node, static_cast<std::size_t>(*head.content_length)};
}

ControlRequest read_offer_name(RequestHead const& head, std::string_view name) {
    auto const id = OfferId::parse(name);
    if (!id) return nothing_here();
    if (!reads(head)) return wrong_method();
    return AskOffer{*id};
}

/// A path that takes one kind of body.
template <class Request>
ControlRequest read_body_request(RequestHead const& head, Method method, std::size_t max) {
    if (head.method != method) return wrong_method();
    if (auto refusal = wrong_length(head, max)) return *refusal;
    return Request{static_cast<std::size_t>(*head.content_length)};
}

}  // namespace

ControlRequest read_request(RequestHead const& head) {
    std::string_view const target = head.target;
    bool const may_have_body = head.method == Method::put || head.method == Method::post;
    if (!may_have_body && head.content_length.value_or(0) > 0) {
        return Refusal{400, "bad-request", "a body where none belongs"};
    }
    if (target == ping_path) return reads(head) ? ControlRequest(AskPing{}) : wrong_method();
    if (target.starts_with(waiting_path)) {
        return read_ids<AskWaiting>(head, target.substr(std::string_view(waiting_path).size()));
    }
    if (target.starts_with(holdings_path)) {
        return read_ids<AskHoldings>(head, target.substr(std::string_view(holdings_path).size()));
    }
    if (target == offers_path) {
        return read_body_request<PostOffer>(head, Method::post, limits::control_body_bytes);
    }
    if (target == line_path_of_caller)
        return reads(head) ? ControlRequest(HoldLine{}) : wrong_method();
    if (target.starts_with(lines_folder))
        return read_line_of(head, target.substr(lines_folder.size()));
    if (target == enroll_path) {
        return read_body_request<PostEnroll>(head, Method::post, control_limits::enroll_bytes);
    }
    if (target == reach_path) {
        return read_body_request<PostReach>(head, Method::post, control_limits::reach_bytes);
    }
    if (target == records_path) {
        return read_body_request<PutRecords>(head, Method::put, control_limits::records_bytes);
    }
    if (target.starts_with(offers_folder)) {
        return read_offer_name(head, target.substr(offers_folder.size()));
    }
    if (target.starts_with(receipts_folder)) {
        return read_receipt_request(head, target.substr(receipts_folder.size()));
    }
    if (target.starts_with(blobs_folder)) {
        return read_blobs_folder(head, target.substr(blobs_folder.size()));
    }
    return nothing_here();
}

std::string offer_path(OfferId const& id) {
    return std::string(offers_folder) + id.to_hex();
}

std::string line_path(NodeKey const& node) {
    return std::string(lines_folder) + to_hex(node.bytes);
}

std::string relay_path(NodeKey const& node) {
    return line_path(node) + std::string(relay_leaf);
}

std::string blob_path(ContentId const& id) {
    return std::string(blobs_folder) + id.to_hex();
}

std::string layer_path(ContentId const& id) {
    return blob_path(id) + std::string(layers_leaf);
}

std::string swarm_path(ContentId const& id) {
    return blob_path(id) + std::string(swarm_leaf);
}

std::string receipt_path(OfferId const& offer) {
    return std::string(receipts_folder) + offer.to_hex();
}

}  // namespace satchel::transfer
