#include "src/node/elsewhere.h"

#include <utility>

#include "src/core/file_label.h"
#include "src/core/limits.h"
#include "transfer/age_file.h"

namespace satchel::node {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto look_period = 60s;
constexpr std::uint64_t holdings_max = 1'000'000;  // of one node: it may be anything by then

}  // namespace

void Elsewhere::look() {
    if (stopped_ || asking_ || steady_clock::now() < next_) return;
    asking_ = true;
    asio::co_spawn(
        world_.owner, [this] { return ask_all(); }, asio::detached);
}

asio::awaitable<void> Elsewhere::ask_all() {
    auto const nodes = co_await world_.own_nodes.others();
    for (transfer::Peer const& node : nodes) {
        if (stopped_) break;
        Status const walked = co_await walk(node);
        if (!walked && walked.error().fault != Fault::not_found)
            world_.log.info("not_listed",
                            {{"node", node.key.short_form()}, {"reason", walked.error().what}});
    }
    next_ = steady_clock::now() + look_period;
    asking_ = false;
}

asio::awaitable<Status> Elsewhere::walk(transfer::Peer peer) {
    ElsewherePlace const place{ElsewherePlace::Kind::own_node, peer.key.to_base64()};
    std::uint64_t const round = ++rounds_;
    std::uint64_t seen = 0;
    std::optional<ContentId> after;
    do {
        auto part = co_await world_.client.ask_holdings(peer, after);
        if (!part) co_return fail(part.error());
        // Ids rise, so that this ends.
        bool const rises = part->next && (!after || *part->next > *after);
        seen += part->holdings.size();
        after = rises && seen < holdings_max ? part->next : std::nullopt;
        Status const entered = co_await enter(place, std::move(part->holdings), round);
        if (!entered) co_return entered;
    } while (after && !stopped_);
    if (stopped_) co_return Status();
    co_return co_await end_round(place, round);
}

asio::awaitable<Status> Elsewhere::enter(ElsewherePlace place,
                                         std::vector<transfer::ListedHolding> part,
                                         std::uint64_t round) {
    auto put = [this, place, part = std::move(part), round] { return put_new(place, part, round); };
    auto const changed = co_await world_.workers.await(std::move(put));
    if (!changed) co_return fail(changed.error());
    if (*changed) tell();
    co_return Status();
}

asio::awaitable<Status> Elsewhere::end_round(ElsewherePlace place, std::uint64_t round) {
    auto drop = [this, place, round] { return world_.catalogue.forget_unseen(place, round); };
    auto const gone = co_await world_.workers.await(std::move(drop));
    if (!gone) co_return fail(gone.error());
    if (*gone > 0) tell();
    co_return Status();
}

/// Only labels of what was not known are opened: that costs.
Result<bool> Elsewhere::put_new(ElsewherePlace const& place,
                                std::vector<transfer::ListedHolding> const& part,
                                std::uint64_t round) {
    std::vector<CatalogueEntry> news;
    for (transfer::ListedHolding const& holding : part) {
        auto const known = world_.catalogue.see_elsewhere(holding.id, place, round);
        if (!known) return fail(known.error());
        if (!*known) news.push_back(entry_of(holding));
    }
    if (news.empty()) return false;
    if (auto put = world_.catalogue.put_elsewhere(news, place, round); !put)
        return fail(put.error());
    return true;
}

CatalogueEntry Elsewhere::entry_of(transfer::ListedHolding const& holding) const {
    CatalogueEntry entry;
    entry.id = holding.id;
    entry.bytes = entry.blob_bytes = holding.size;
    entry.stored = holding.stored;
    entry.own = true;
    auto const opened =
        transfer::decrypt_age(world_.identity.age, holding.label, limits::label_bytes);
    auto const label = opened ? decode_label(*opened) : Result<FileLabel>(fail(Fault::refused, ""));
    if (label) entry.take(*label);
    if (auto const attested = Address::parse(holding.account)) {
        entry.sender = attested->text();
        entry.verified = true;
    }
    return entry;
}

void Elsewhere::note_waiting(GatewayPlace const& gateway, std::vector<Offer> const& offers) {
    std::vector<transfer::ListedHolding> part;
    // Who sent it is its gateway's word until the blob comes.
    for (Offer const& offer : offers)
        part.push_back(
            {offer.content_id, offer.size, world_.clock.unix_seconds(), "", offer.label});
    ElsewherePlace const place{ElsewherePlace::Kind::gateway, gateway.host_port};
    asio::co_spawn(
        world_.owner,
        [this, place, part = std::move(part)]() mutable -> asio::awaitable<void> {
            std::uint64_t const round = ++rounds_;
            Status const entered = co_await enter(place, std::move(part), round);
            if (entered && !stopped_) static_cast<void>(co_await end_round(place, round));
        },
        asio::detached);
}

void Elsewhere::tell() {
    if (!stopped_) changed_();
}

}  // namespace satchel::node
