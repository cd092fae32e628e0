#include "src/node/blob_sources.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "dht/wake_up.h"
#include "src/node/persistence.h"

namespace satchel::node {

namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

/// What one source has said.
struct Inquiry {
    bool over = false;
    std::vector<BlobHolder> holders;  ///< not tried yet
    std::optional<Error> trouble;

    void note(Error error) {
        if (error.fault != Fault::not_found && !trouble) trouble = std::move(error);
    }
};

/// Shared with those that ask: they may be silent for longer than anybody listens.
struct Search {
    Search(asio::io_context& owner, std::size_t sources)
        : changed(owner.get_executor())
        , inquiries(sources) {}

    location::WakeUp changed;
    std::vector<Inquiry> inquiries;

    bool all_over(std::size_t asked) const {
        return std::all_of(inquiries.begin(),
                           inquiries.begin() + static_cast<std::ptrdiff_t>(asked),
                           [](Inquiry const& one) { return one.over; });
    }
};

asio::awaitable<void> ask(std::shared_ptr<Search> search, BlobSource source, std::size_t index) {
    auto found = co_await source.find();
    Inquiry& inquiry = search->inquiries[index];
    inquiry.over = true;
    if (found) {
        inquiry.holders = std::move(*found);
    } else {
        inquiry.note(found.error());
    }
    search->changed.notify();
}

Error no_other(Error const& why) {
    return {
        Fault::corrupt,
        "the disk has damaged the copy on this node, and there is no other to be had: " + why.what};
}

}  // namespace

asio::awaitable<Result<std::string>> take_from_first(asio::io_context& owner,
                                                     std::vector<BlobSource> sources,
                                                     TakeBlob take) {
    auto const search = std::make_shared<Search>(owner, sources.size());
    auto& inquiries = search->inquiries;
    std::size_t asked = 0;
    auto next = SteadyClock::now();
    for (;;) {
        auto const ready = std::ranges::find_if(
            inquiries, [](Inquiry const& one) { return !one.holders.empty(); });
        if (ready != inquiries.end()) {
            BlobHolder holder = std::move(ready->holders.front());
            ready->holders.erase(ready->holders.begin());
            Status const taken = co_await take(std::move(holder), ready->holders);
            auto const index = static_cast<std::size_t>(ready - inquiries.begin());
            if (taken) co_return sources[index].name;
            if (taken.error().fault == Fault::no_space) co_return fail(taken.error());
            ready->note(taken.error());
            continue;
        }
        bool const over = search->all_over(asked);
        if (over && asked == sources.size()) break;
        if (asked < sources.size() && (over || SteadyClock::now() >= next)) {
            next = SteadyClock::now() + sources[asked].head_start;
            asio::co_spawn(owner, ask(search, sources[asked], asked), asio::detached);
            ++asked;
            continue;
        }
        auto const forever = SteadyClock::now() + 1h;
        co_await search->changed.wait_until(asked < sources.size() ? next : forever);
    }
    for (std::size_t i = 0; i < sources.size(); ++i) {
        if (auto const& trouble = inquiries[i].trouble)
            co_return fail(trouble->fault, sources[i].name + ": " + trouble->what);
    }
    co_return fail(Fault::not_found, "none has it");
}

asio::awaitable<Result<bool>> BlobSources::is_here(ContentId id) {
    auto look = [this, id]() -> Result<bool> {
        auto const held = world_.store.find(id);
        if (!held) return fail(held.error());
        return held->has_value();
    };
    co_return co_await world_.workers.await(std::move(look));
}

std::vector<BlobSource> BlobSources::sources_of(ContentId id) {
    return {
        {"own other node", 300ms, [=, this] { return world_.own_nodes.find(id); }},
        {"incoming gateway", 700ms, [=, this] { return world_.incoming_gateway.find(id); }},
        {"sender", 0ms, [=, this]() -> asio::awaitable<Result<std::vector<BlobHolder>>> {
             std::vector<BlobHolder> holders;
             for (transfer::KnownOffer const& known : world_.server.offers_of(id)) {
                 holders.push_back(
                     {{known.offer.sender_node, known.offer.control}, known.offer, known.account});
             }
             co_return holders;
         }}};
}

asio::awaitable<Status> BlobSources::take(BlobHolder holder, BlobFetcher::Progress progress,
                                          std::vector<BlobHolder> others) {
    Offer const offer = holder.offer;
    Status taken =
        co_await world_.fetcher.take(std::move(holder), std::move(progress), std::move(others));
    if (taken) world_.transfers.arrived(offer, "fetched");
    co_return taken;
}

asio::awaitable<Result<std::string>> BlobSources::bring_here(ContentId id,
                                                             BlobFetcher::Progress progress) {
    Persistence persistence(world_.owner);
    BlobFetcher::Progress const noted = [&](std::uint64_t done, std::uint64_t total) {
        persistence.note(done);
        if (progress) progress(done, total);
    };
    TakeBlob const take_noted = [&](BlobHolder holder, std::vector<BlobHolder> others) {
        return take(std::move(holder), noted, std::move(others));
    };
    for (bool first = true;; first = false) {
        auto const here = co_await is_here(id);
        if (!here) co_return fail(here.error());
        if (*here) co_return first ? "" : "incoming gateway";
        auto const sources = sources_of(id);
        auto from = co_await take_from_first(world_.owner, sources, take_noted);
        if (from) co_return from;
        Error failure = from.error();
        if (failure.fault == Fault::not_found) {
            // Asking may have made it come: it may have arrived between.
            auto const arrived = co_await is_here(id);
            if (arrived && *arrived) co_return "incoming gateway";
            bool const damaged = !persistence.has_moved() && co_await is_set_aside(id);
            if (damaged) co_return fail(no_other(failure));
            failure.what = id.short_form() +
                           "… is neither stored on a node of yours nor kept by the incoming "
                           "gateway; if the mail was forwarded to you, ask its sender";
            // A part has come: whoever has it was started anew, and does not know us yet.
            if (persistence.has_moved()) {
                failure = {Fault::unavailable,
                           "a part of " + id.short_form() +
                               "… is here, but whoever gave it does not answer any more; the same "
                               "command goes on from there"};
            }
        }
        bool const again = co_await persistence.again(failure);
        if (!again) co_return fail(std::move(failure));
    }
}

/// Until it is set aside it is served as ever: whoever gets it verifies each piece.
asio::awaitable<Status> BlobSources::take_instead(BlobHolder holder, BlobFetcher::Progress progress,
                                                  std::vector<BlobHolder> others) {
    auto set_aside = [this, id = holder.offer.content_id] { return world_.store.set_aside(id); };
    auto const aside = co_await world_.workers.await(std::move(set_aside));
    if (!aside) co_return fail(aside.error());
    co_return co_await take(std::move(holder), std::move(progress), std::move(others));
}

asio::awaitable<Result<std::string>> BlobSources::replace_damaged(ContentId id,
                                                                  BlobFetcher::Progress progress) {
    auto look = [this, id] { return world_.store.is_whole(id); };
    auto const whole = co_await world_.workers.await(std::move(look));
    if (!whole) co_return fail(whole.error());
    if (*whole) co_return "";
    TakeBlob const take_it = [&](BlobHolder holder, std::vector<BlobHolder> others) {
        return take_instead(std::move(holder), progress, std::move(others));
    };
    auto from = co_await take_from_first(world_.owner, sources_of(id), take_it);
    if (from) co_return from;
    co_return fail(no_other(from.error()));
}

asio::awaitable<bool> BlobSources::is_set_aside(ContentId id) {
    auto look = [this, id] { return world_.store.find_listed(id); };
    auto const known = co_await world_.workers.await(std::move(look));
    co_return known&&* known && (*known)->set_aside;
}

}  // namespace satchel::node
