#include "src/node/blob_sources.h"

#include <optional>

namespace satchel::node {

asio::awaitable<Result<std::string>> fetch_from_first(std::vector<BlobSource> sources) {
    std::optional<Error> trouble;
    for (BlobSource const& source : sources) {
        Status const fetched = co_await source.fetch();
        if (fetched) co_return source.name;
        bool const empty = fetched.error().fault == Fault::not_found;
        if (empty || trouble) continue;
        trouble = Error{fetched.error().fault, source.name + ": " + fetched.error().what};
    }
    if (trouble) co_return fail(std::move(*trouble));
    co_return fail(Fault::not_found, "none has it");
}

asio::awaitable<Status> fetch_from_senders(transfer::ControlServer& server, BlobFetcher& fetcher,
                                           ContentId id, BlobFetcher::Progress progress) {
    Error last{Fault::not_found, "nobody has offered it lately"};
    for (transfer::KnownOffer const& known : server.offers_of(id)) {
        transfer::Peer const peer{known.offer.sender_node, known.offer.control};
        Status const taken = co_await fetcher.take(peer, known.offer, known.account, progress);
        if (taken) co_return taken;
        last = taken.error();
    }
    co_return fail(std::move(last));
}

asio::awaitable<Result<std::string>> BlobSources::bring_here(ContentId id,
                                                             BlobFetcher::Progress progress) {
    auto look = [this, id]() -> Result<bool> {
        auto const held = world_.store.find(id);
        if (!held) return fail(held.error());
        return held->has_value();
    };
    auto const here = co_await world_.workers.await(std::move(look));
    if (!here) co_return fail(here.error());
    if (*here) co_return std::string();
    std::vector<BlobSource> sources{
        {"own other node", [=, this] { return world_.own_nodes.fetch(id, progress); }},
        {"incoming gateway", [=, this] { return world_.incoming_gateway.fetch(id, progress); }},
        {"sender",
         [=, this] { return fetch_from_senders(world_.server, world_.fetcher, id, progress); }}};
    auto from = co_await fetch_from_first(std::move(sources));
    if (from || from.error().fault != Fault::not_found) co_return from;
    co_return fail(Fault::not_found, id.short_form() +
                                         "… is neither stored on a node of yours nor kept by the "
                                         "incoming gateway; if the mail was forwarded to you, "
                                         "ask its sender");
}

}  // namespace satchel::node
